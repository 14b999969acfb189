"""Runs our program and Hugging Face PEFT alternately on the same checkpoint, adapter and data; prints ratios.

Losses of both are compared first. Every figure is the median over pairs of runs, with the smallest and largest ratio.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIMIT = {"float32": 1e-4, "bfloat16": 2e-2}
TUNED = {"PEFT, allocator tuned": ["--tuned-allocator"]}
# What PEFT's guide to quantization has everyone call: float32 for what is not quantized, and gradient checkpointing.
PREPARED = {"PEFT, prepared for k-bit training": ["--prepare"]}


def options():
    result = argparse.ArgumentParser(description=__doc__)
    result.add_argument("--program", type=Path, default=HERE.parents[1] / ".build" / "release" / "peft")
    result.add_argument("--size", default="quick", choices=["tiny", "quick", "211m"])
    result.add_argument("--methods", default="lora,dora,adalora")
    result.add_argument("--dtypes", default="float32,bfloat16")
    result.add_argument("--work", default="train,merge,generate,other", help="what to race at, with commas between")
    result.add_argument("--pairs", type=int, default=5)
    result.add_argument("--steps", type=int, default=4, help="timed steps in each run")
    result.add_argument("--batch-size", type=int, default=4)
    result.add_argument("--sequence-length", type=int, default=256)
    result.add_argument("--rank", type=int, default=16)
    result.add_argument("--threads", type=int, default=os.cpu_count())
    result.add_argument("--quantize", choices=["nf4", "int8"], help="keep the base in few bits: training and generating only")
    result.add_argument("--tuned", action="store_true", help="also against PEFT with the C allocator tuned")
    result.add_argument("--encoder", type=Path, help="an encoder to fine-tune on pairs of sentences as well")
    result.add_argument("--sentence-pairs", type=Path, help="its data: a TSV file such as MRPC's msr_paraphrase_train.txt")
    result.add_argument("--json", type=Path, help="write every measurement to this file")
    return result


def execute(command):
    """(standard output, seconds, peak bytes) of a command that must succeed."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as log:
        began = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdout=out, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        out.seek(0), log.seek(0)
        if os.waitstatus_to_exitcode(status) != 0:
            lines = log.read().strip().splitlines() or ["no message"]
            sys.exit(f"error: {' '.join(map(str, command[:3]))} failed: {lines[-1]}")
        scale = 1 if sys.platform == "darwin" else 1024
        return out.read(), seconds, usage.ru_maxrss * scale


def last_line(text):
    return json.loads(text.strip().splitlines()[-1])


class Contest:
    """One checkpoint in one dtype, and both programs' ways of working on it."""

    def __init__(self, arguments, folder, dtype):
        self.arguments, self.dtype = arguments, dtype
        self.model = folder / dtype
        self.folder = folder
        self.peer("make_model", "--size", arguments.size, "--output", self.model, "--dtype", dtype,
                  "--sequence-length", arguments.sequence_length)

    def peer(self, script, *more):
        text, _, _ = execute([sys.executable, HERE / f"{script}.py", *more])
        return last_line(text)

    def shape(self):
        a = self.arguments
        return ["--model", self.model, "--batch-size", a.batch_size, "--threads", a.threads, *self.quantized()]

    def quantized(self):
        return ["--quantize", self.arguments.quantize] if self.arguments.quantize else []

    def losses_agree(self, method):
        """Three steps of both from one adapter; returns the largest relative difference of a loss."""
        adapter, output = self.folder / f"{method}-{self.dtype}", self.folder / f"trained-{method}-{self.dtype}"
        data = self.model / "rows.jsonl"
        theirs = self.peer("peer_train", *self.shape(), "--method", method, "--rank", self.arguments.rank, "--steps", 3,
                           "--warmup", 0, "--data", data, "--save-initial", adapter)["losses"]
        execute([self.arguments.program, "train", *self.shape(), "--data", data, "--output", output, "--init-adapter",
                 adapter, "--steps", 3, "--learning-rate", 1e-3, "--scheduler", "constant", "--warmup-steps", 0,
                 "--weight-decay", 0, "--max-grad-norm", 0, "--no-shuffle", "--quiet"])
        lines = map(json.loads, (output / "metrics.jsonl").read_text().splitlines())
        ours = [line["loss"] for line in lines if "loss" in line]
        return max(abs(a - b) / abs(b) for a, b in zip(ours, theirs, strict=True))

    def training(self, method, rivals):
        """A run of ours and one of each rival."""
        a = self.arguments
        work = [*self.shape(), "--method", method, "--sequence-length", a.sequence_length, "--steps", a.steps, "--rank",
                a.rank, "--dtype", self.dtype]
        ours = last_line(execute([a.program, "bench", *work, "--json", "--quiet"])[0])
        return ours, {name: self.peer("peer_train", *work, *flags) for name, flags in rivals.items()}

    def merging(self, adapter, pair):
        """One pair of merges, each a whole process: load, merge, save."""
        a = self.arguments
        outputs = [self.folder / f"merged-{who}-{pair}" for who in ("ours", "theirs")]
        _, seconds, peak = execute(
            [a.program, "merge", "--model", self.model, "--adapter", adapter, "--output", outputs[0], "--quiet"])
        theirs = self.peer("peer_merge", "--model", self.model, "--adapter", adapter, "--output", outputs[1])
        for output in outputs:
            execute(["rm", "-r", output])
        return {"seconds": seconds, "peak_rss_bytes": peak}, theirs

    def packing(self):
        """One pair on rows of many lengths: ours without padding, PEFT with padded batches; useful tokens count."""
        a = self.arguments
        work = [*self.shape(), "--method", "lora", "--rank", a.rank, "--steps", a.steps, "--dtype", self.dtype, "--data",
                self.model / "ragged.jsonl"]
        ours = last_line(execute([a.program, "bench", *work, "--packing", "--json", "--quiet"])[0])
        return ours, self.peer("peer_train", *work)

    def mixing(self):
        """One pair: greedy generation of 64 tokens after 32 for eight texts, each with an adapter of its own."""
        a = self.arguments
        ours = last_line(execute([*self.generation(8), "--adapters", 8, "--method", "lora", "--rank", a.rank])[0])
        theirs = self.peer("peer_mixed", "--model", self.model, "--adapters", 8, "--rank", a.rank, "--generate", 64,
                           "--sequence-length", 32, "--repeats", 2, "--threads", a.threads, "--dtype", self.dtype)
        return ours, theirs

    def generation(self, batch_size):
        """Our command for greedy generation of 64 tokens after 32."""
        a = self.arguments
        return [a.program, "bench", "--model", self.model, "--generate", 64, "--batch-size", batch_size,
                "--sequence-length", 32, "--steps", 2, "--threads", a.threads, *self.quantized(), "--json", "--quiet"]

    def generating(self, batch_size):
        """One pair: greedy generation, without imports and loading."""
        a = self.arguments
        ours = last_line(execute(self.generation(batch_size))[0])
        theirs = self.peer("peer_generate", "--model", self.model, "--batch-size", batch_size, "--prompt-length", 32,
                           "--max-new-tokens", 64, "--repeats", 2, "--threads", a.threads, "--dtype", self.dtype, *self.quantized())
        return ours, theirs


def classifying(arguments):
    """One pair: LoRA on an encoder, 32 pairs of sentences a step, padded batch by batch."""
    work = ["--model", arguments.encoder, "--data", arguments.sentence_pairs, "--method", "lora", "--rank", arguments.rank,
            "--batch-size", 32, "--max-length", 128, "--steps", 10, "--threads", arguments.threads]
    ours = last_line(execute([arguments.program, "bench", *work, "--task", "seq-cls", "--glue", "mrpc", "--target-modules",
                              "query,key,value,dense", "--json", "--quiet"])[0])
    theirs = last_line(execute([sys.executable, HERE / "peer_classify.py", *work, "--no-shuffle"])[0])
    return ours, theirs


def spread(ratios):
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def train_rows(contest, method, record):
    """A line of the table for every rival."""
    a = contest.arguments
    rivals = {"PEFT": []} | (PREPARED if a.quantize else {}) | (TUNED if a.tuned else {})
    rounds = [contest.training(method, rivals) for _ in range(a.pairs)]
    for rival in rivals:
        pairs = [(ours, theirs[rival]) for ours, theirs in rounds]
        record.append({"work": "train", "method": method, "dtype": contest.dtype, "rival": rival, "pairs": pairs})
        yield train_row(f"{method} {contest.dtype}", rival, pairs)


def train_row(name, rival, pairs):
    """Tokens per second, their ratio, the ratio of peak memory, the share of matrix products."""
    speed = [ours["tokens_per_second"] / theirs["tokens_per_second"] for ours, theirs in pairs]
    memory = [ours["peak_rss_bytes"] / theirs["peak_rss_bytes"] for ours, theirs in pairs]
    rate = [statistics.median(side["tokens_per_second"] for side in sides) for sides in zip(*pairs)]
    share = statistics.median(ours.get("gemm_fraction") or 0.0 for ours, _ in pairs)
    figures = [name, rival, *(f"{value:.0f}" for value in rate), spread(speed), spread(memory)]
    return f"| {' | '.join(figures)} | {share:.2f} |"


def other_row(name, pairs, rate):
    """Ratios of a rate (more is better), or of the median step where there is none."""
    step = "step_seconds_median"
    speed = [ours[rate] / theirs[rate] if rate else theirs[step] / ours[step] for ours, theirs in pairs]
    memory = [ours["peak_rss_bytes"] / theirs["peak_rss_bytes"] for ours, theirs in pairs]
    return f"| {name} | {spread(speed)} | {spread(memory)} |"


def main():
    arguments = options().parse_args()
    if arguments.quantize:
        arguments.work = ",".join(work for work in arguments.work.split(",") if work in ("train", "generate"))
    if not os.access(arguments.program, os.X_OK):
        sys.exit(f"error: {arguments.program} is missing: build it with `make build`, or name it with --program")
    record, lines, merges, texts, others = [], [], [], [], []
    with tempfile.TemporaryDirectory(prefix="peers-") as work:
        for dtype in arguments.dtypes.split(","):
            contest = Contest(arguments, Path(work), dtype)
            for method in arguments.methods.split(","):
                difference = contest.losses_agree(method)
                print(f"{method} {dtype}: losses agree within {difference:.0e}", file=sys.stderr, flush=True)
                if not difference <= LIMIT[dtype]:
                    sys.exit(f"error: {method} {dtype}: losses differ by {difference:.1e}: a race of different works")
                if "train" in arguments.work:
                    lines += train_rows(contest, method, record)
                if method != "adalora" and "merge" in arguments.work:
                    adapter = Path(work) / f"{method}-{dtype}"
                    pairs = [contest.merging(adapter, pair) for pair in range(arguments.pairs)]
                    record.append({"work": "merge", "method": method, "dtype": dtype, "pairs": pairs})
                    speed = [(theirs["import_seconds"] + theirs["total_seconds"]) / ours["seconds"] for ours, theirs in pairs]
                    memory = [ours["peak_rss_bytes"] / theirs["peak_rss_bytes"] for ours, theirs in pairs]
                    merges.append(f"| {method} {dtype} | {spread(speed)} | {spread(memory)} |")
            for batch_size in (1, 8) if "generate" in arguments.work else ():
                pairs = [contest.generating(batch_size) for _ in range(arguments.pairs)]
                record.append({"work": "generate", "batch_size": batch_size, "dtype": dtype, "pairs": pairs})
                speed = [ours["tokens_per_second"] / theirs["tokens_per_second"] for ours, theirs in pairs]
                rate = [statistics.median(side["tokens_per_second"] for side in sides) for sides in zip(*pairs)]
                texts.append(f"| {batch_size} {dtype} | {rate[0]:.0f} | {rate[1]:.0f} | {spread(speed)} |")
            if "other" not in arguments.work:
                continue
            for title, run in [("LoRA on ragged rows", contest.packing), ("generate with 8 adapters", contest.mixing)]:
                pairs = [run() for _ in range(arguments.pairs)]
                record.append({"work": title, "dtype": dtype, "pairs": pairs})
                others.append(other_row(f"{title} {dtype}", pairs, "tokens_per_second"))
        if arguments.encoder and arguments.sentence_pairs:
            pairs = [classifying(arguments) for _ in range(arguments.pairs)]
            record.append({"work": "classify", "pairs": pairs})
            others.append(other_row("encoder on pairs of sentences", pairs, None))
    base = f" in {arguments.quantize}" if arguments.quantize else ""
    print(f"{arguments.size} model{base}, batch {arguments.batch_size} x {arguments.sequence_length}, rank {arguments.rank}, "
          f"{arguments.threads} threads, {platform.machine()} {platform.system()}, {arguments.pairs} pairs\n")
    tables = [
        ("| train | rival | our tokens/s | theirs | speed ratio | peak memory ratio | GEMM share |", lines),
        ("| merge | speed ratio (whole processes) | peak memory ratio |", merges),
        ("| generate, texts at once | our tokens/s | theirs | speed ratio |", texts),
        ("| other work | speed ratio | peak memory ratio |", others),
    ]
    for head, rows in tables:
        if rows:
            print("\n".join([head, "|---" * (head.count("|") - 1) + "|", *rows, ""]))
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
