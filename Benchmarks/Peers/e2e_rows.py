"""Writes the E2E data set as rows for `peft`: train.jsonl with a text each, test.jsonl with all references of a record.

    python3 Benchmarks/Peers/e2e_rows.py --data E2E --output rows

--data: the folder with trainset.csv and testset_w_refs.csv (Novikova et al. 2017).
"""

import argparse
import csv
import json
import pathlib


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["mr"], row["ref"].strip()


def write(path, records):
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=pathlib.Path, required=True)
    options.add_argument("--output", type=pathlib.Path, required=True)
    asked = options.parse_args()
    asked.output.mkdir(parents=True, exist_ok=True)
    write(asked.output / "train.jsonl", (
        {"prompt": f"{record}\n", "completion": text} for record, text in rows(asked.data / "trainset.csv")))
    tests = {}
    for record, text in rows(asked.data / "testset_w_refs.csv"):
        tests.setdefault(record, []).append(text)
    write(asked.output / "test.jsonl", (
        {"prompt": f"{record}\n", "completion": texts[0], "references": texts} for record, texts in tests.items()))


if __name__ == "__main__":
    main()
