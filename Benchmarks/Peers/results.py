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
from typing import NamedTuple

HERE = pathlib.Path(__file__).parent


class Task(NamedTuple):
    train: str
    test: str
    metric: str
    steps: int


TASKS = {
    "mrpc": Task("MRPC/msr_paraphrase_train.txt", "MRPC/msr_paraphrase_test.txt", "f1", 200),
    "rte": Task("RTE/train.tsv", "RTE/dev.tsv", "accuracy", 200),
    "cola": Task("CoLA/train.tsv", "CoLA/dev_in_domain.tsv", "matthews", 600),
    "stsb": Task("STS-B/train.tsv", "STS-B/test.tsv", "pearson", 200),
    "sst2": Task("SST-2/train.tsv", "SST-2/dev.tsv", "accuracy", 300),
}


class Recipe(NamedTuple):
    rate: float
    rank: int | None


# Methods with few parameters take a higher rank.
RECIPES = {
    "lora": Recipe(2e-3, 8), "dora": Recipe(2e-3, 8), "adalora": Recipe(3e-3, 8), "edora": Recipe(1e-3, 32),
    "lora-xs": Recipe(1e-3, 32), "full": Recipe(1e-4, None)}
HEAD_RATE = 5e-3  # a fresh head has further to go: the mean of STS-B's labels alone is 2.7
RUNS = [("peft", method) for method in RECIPES] + [("PEFT", "lora"), ("PEFT", "dora")]


def options():
    result = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    result.add_argument("--model")
    result.add_argument("--glue", type=pathlib.Path, help="the folder with MRPC, RTE, CoLA, STS-B and SST-2")
    result.add_argument("--work", type=pathlib.Path, required=True)
    result.add_argument("--peft", default=".build/release/peft")
    result.add_argument("--tasks", default=",".join(TASKS))
    result.add_argument("--seeds", default="1,2,3")
    result.add_argument("--threads", type=int)
    result.add_argument("--table", action="store_true", help="only print what is there")
    return result.parse_args()


def command(asked, task, who, method, seed):
    work, recipe = TASKS[task], RECIPES[method]
    common = [
        "--model", asked.model, "--data", asked.glue / work.train, "--eval-data", asked.glue / work.test, "--method", method,
        "--learning-rate", recipe.rate, "--head-learning-rate", HEAD_RATE, "--batch-size", 32, "--max-length", 128,
        "--steps", work.steps, "--seed", seed, *(["--threads", asked.threads] if asked.threads else [])]
    shape = ["--rank", recipe.rank, "--alpha", 2 * recipe.rank, "--target-modules", "all-linear"] if recipe.rank else []
    if who == "PEFT":
        return [sys.executable, HERE / "peer_glue.py", "--task", task, *common, *shape]
    return [
        asked.peft, "train", "--task", "seq-cls", "--glue", task, "--output", asked.work / "run", "--overwrite",
        "--quiet", "--json", "--save-every", 1_000_000, *common, *shape]


def series(asked):
    for seed in asked.seeds.split(","):
        for task in asked.tasks.split(","):
            for who, method in RUNS:
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
    tasks = [task for task in TASKS if any(task in row for row in found.values())]
    heads = [f"{task} ({TASKS[task].metric})" for task in tasks]
    print("| |", " | ".join(heads), "| trained | minutes | memory, GB |")
    print("|---" * (len(tasks) + 4) + "|")
    for who, method in RUNS:
        row = found.get((who, method), {})
        cells = [cell([result["eval"][TASKS[task].metric] for result in row.get(task, [])]) for task in tasks]
        everything = [result for results in row.values() for result in results]
        size = max((result["trainable_parameters"] for result in everything), default=0)
        # One run of each task: the sum of their medians over seeds.
        minutes = sum(statistics.median(result["seconds"] for result in results) for results in row.values()) / 60
        memory = max((result["peak_rss_bytes"] for result in everything), default=0) / 1e9
        name = "all weights" if method == "full" else method
        print(f"| {name}, {'ours' if who == 'peft' else who} |", " | ".join(cells), f"| {size:,} | {minutes:.1f} | {memory:.1f} |")


def cell(scores):
    """The mean of seeds and their standard deviation."""
    if not scores:
        return "–"
    spread = f" ± {statistics.stdev(scores) * 100:.1f}" if len(scores) > 1 else ""
    return f"{statistics.mean(scores) * 100:.1f}{spread}"


if __name__ == "__main__":
    asked = options()
    if not asked.table:
        run(asked)
    table(asked)
