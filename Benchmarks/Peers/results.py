"""Scores of methods on tasks of GLUE, ours beside Hugging Face PEFT's, as the table of docs/results.md.

    .venv/bin/python Benchmarks/Peers/results.py --model MiniLM --glue GLUE --work results
    .venv/bin/python Benchmarks/Peers/results.py --work results --table

Every run leaves a JSON file in --work, so an interrupted series goes on where it stopped.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
FILES = {
    "mrpc": ("MRPC/msr_paraphrase_train.txt", "MRPC/msr_paraphrase_test.txt", "f1"),
    "rte": ("RTE/train.tsv", "RTE/dev.tsv", "accuracy"),
    "cola": ("CoLA/train.tsv", "CoLA/dev_in_domain.tsv", "matthews"),
    "stsb": ("STS-B/train.tsv", "STS-B/test.tsv", "pearson"),
    "sst2": ("SST-2/train.tsv", "SST-2/dev.tsv", "accuracy"),
}
# The learning rate of each method; square factors between frozen ones take more than LoRA's.
RATES = {"lora": 3e-3, "dora": 3e-3, "adalora": 5e-3, "edora": 1e-2, "lora-xs": 1e-2, "full": 3e-4}
PEERS = ["lora", "dora"]


def options():
    result = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    result.add_argument("--model")
    result.add_argument("--glue", type=pathlib.Path, help="the folder with MRPC, RTE, CoLA, STS-B and SST-2")
    result.add_argument("--work", type=pathlib.Path, required=True)
    result.add_argument("--peft", default=".build/release/peft")
    result.add_argument("--tasks", default=",".join(FILES))
    result.add_argument("--steps", type=int, default=400)
    result.add_argument("--seeds", default="1,2")
    result.add_argument("--threads", type=int)
    result.add_argument("--table", action="store_true", help="only print what is there")
    return result.parse_args()


def command(asked, task, who, method, seed):
    data, test, _ = FILES[task]
    common = [
        "--model", asked.model, "--data", asked.glue / data, "--eval-data", asked.glue / test, "--method", method,
        "--learning-rate", RATES[method], "--batch-size", 32, "--max-length", 128, "--steps", asked.steps,
        "--seed", seed, *(["--threads", asked.threads] if asked.threads else [])]
    shape = [] if method == "full" else ["--rank", 8, "--alpha", 16]
    if who == "PEFT":
        return [sys.executable, HERE / "peer_glue.py", "--task", task, *common, *shape]
    return [
        asked.peft, "train", "--task", "seq-cls", "--glue", task, "--output", asked.work / "run", "--overwrite",
        "--quiet", "--json", "--save-every", 1_000_000, *common, *shape]


def series(asked):
    runs = [("peft", method) for method in RATES] + [("PEFT", method) for method in PEERS]
    for seed in asked.seeds.split(","):
        for task in asked.tasks.split(","):
            for who, method in runs:
                yield asked.work / f"{task}.{who}.{method}.{seed}.json", (task, who, method, seed)


def run(asked):
    asked.work.mkdir(parents=True, exist_ok=True)
    for path, what in series(asked):
        if not path.exists():
            print(*what, file=sys.stderr)
            line = subprocess.run(
                [str(word) for word in command(asked, *what)], check=True, stdout=subprocess.PIPE, text=True).stdout
            path.write_text(json.dumps(json.loads(line)))


def table(asked):
    found = {}
    for path in asked.work.glob("*.*.*.*.json"):
        task, who, method, _ = path.stem.split(".")
        found.setdefault((who, method), {}).setdefault(task, []).append(json.loads(path.read_text()))
    tasks = [task for task in FILES if any(task in row for row in found.values())]
    print("| |", " | ".join(f"{task} ({FILES[task][2]})" for task in tasks), "| trainable |")
    print("|---" * (len(tasks) + 2) + "|")
    for who, method in [("peft", method) for method in RATES] + [("PEFT", method) for method in PEERS]:
        row = found.get((who, method), {})
        cells = [cell([result["eval"][FILES[task][2]] for result in row.get(task, [])]) for task in tasks]
        sizes = {result["trainable_parameters"] for results in row.values() for result in results}
        print(f"| {method}, {'ours' if who == 'peft' else who} |", " | ".join(cells), f"| {max(sizes, default=0):,} |")


def cell(scores):
    if not scores:
        return "–"
    spread = f" ± {(max(scores) - min(scores)) / 2 * 100:.1f}" if len(scores) > 1 else ""
    return f"{statistics.mean(scores) * 100:.1f}{spread}"


if __name__ == "__main__":
    asked = options()
    if not asked.table:
        run(asked)
    table(asked)
