"""Fine-tunes an encoder on a task of GLUE with Hugging Face PEFT as `peft train --glue` does, and prints one JSON object.

    .venv/bin/python Benchmarks/Peers/peer_glue.py --task mrpc --model MiniLM --data msr_paraphrase_train.txt \
        --eval-data msr_paraphrase_test.txt --method lora --seed 1
"""

import argparse
import csv
import itertools
import json
import random
import resource
import time
from typing import NamedTuple

import numpy
import torch
import transformers
from peft import LoraConfig, get_peft_model


class Task(NamedTuple):
    """The columns of a task's file (names where it has a header, else places), and its classes in order."""
    texts: list
    label: str | int
    classes: list | None  # None: a regression


TASKS = {
    "cola": Task([3], 1, ["0", "1"]),
    "mrpc": Task(["#1 String", "#2 String"], "Quality", ["0", "1"]),
    "rte": Task(["sentence1", "sentence2"], "label", ["entailment", "not_entailment"]),
    "sst2": Task(["sentence"], "label", ["0", "1"]),
    "stsb": Task([7, 8], 9, None),
}


def options():
    result = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    result.add_argument("--task", choices=TASKS, required=True)
    for name in ("--model", "--data", "--eval-data"):
        result.add_argument(name, required=True)
    result.add_argument("--method", default="lora", choices=["lora", "dora", "full"])
    result.add_argument("--rank", type=int, default=8)
    result.add_argument("--alpha", type=float, default=16)
    result.add_argument("--target-modules", help="PEFT's default for the model where absent")
    result.add_argument("--learning-rate", type=float, default=1e-3)
    result.add_argument("--head-learning-rate", type=float)
    result.add_argument("--batch-size", type=int, default=32)
    result.add_argument("--max-length", type=int, default=128)
    result.add_argument("--steps", type=int, help="instead of one pass over the data")
    result.add_argument("--threads", type=int)
    result.add_argument("--seed", type=int, default=1)
    return result.parse_args()


def rows(path, task, tokenizer, length):
    texts, label, classes = task
    with open(path, encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        if isinstance(label, str):
            header = next(lines)
            texts, label = [header.index(name) for name in texts], header.index(label)
        for line in lines:
            if classes is None and not line[label][:1].isdigit():
                continue  # some of the regression's files have a header, some have none
            yield tokenizer(*[line[place] for place in texts], truncation=True, max_length=length) | {
                "labels": float(line[label]) if classes is None else classes.index(line[label])}


def batches(data, size, collate):
    for start in range(0, len(data), size):
        yield collate(data[start:start + size])


def shuffled(data, size, collate, dice):
    """Batches without end, in an order of its own for every pass."""
    while True:
        dice.shuffle(data)
        yield from batches(data, size, collate)


def scores(model, data, collate, classes):
    model.eval()
    pairs = []
    with torch.no_grad():
        for batch in batches(sorted(data, key=lambda row: -len(row["input_ids"])), 64, collate):
            labels, logits = batch.pop("labels").tolist(), model(**batch).logits
            pairs += zip(labels, (logits.squeeze(-1) if classes is None else logits.argmax(-1)).tolist())
    right, found = numpy.array(pairs).T
    correlation = float(numpy.corrcoef(right, found)[0, 1]) if found.std() else 0.0
    if classes is None:
        return {"pearson": correlation}
    hits, claims = ((right == 1) & (found == 1)).sum(), (right == 1).sum() + (found == 1).sum()
    return {"accuracy": float((right == found).mean()), "f1": float(2 * hits / claims) if claims else 0.0,
            "matthews": correlation}  # of two classes, Matthews' coefficient is Pearson's


def groups(model, asked):
    """What is trained, the head at a rate of its own."""
    rates = {True: asked.head_learning_rate or asked.learning_rate, False: asked.learning_rate}
    trained = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    return [{"params": [value for name, value in trained if ("classifier" in name) == head], "lr": rate}
            for head, rate in rates.items()]


def main():
    asked = options()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    transformers.set_seed(asked.seed)
    tokenizer = transformers.AutoTokenizer.from_pretrained(asked.model)
    task = TASKS[asked.task]
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        asked.model, num_labels=1 if task.classes is None else len(task.classes))
    if asked.method != "full":
        model = get_peft_model(model, LoraConfig(
            r=asked.rank, lora_alpha=asked.alpha, task_type="SEQ_CLS", use_dora=asked.method == "dora",
            target_modules=asked.target_modules))
    data, test = ([*rows(path, task, tokenizer, asked.max_length)] for path in (asked.data, asked.eval_data))
    collate = transformers.DataCollatorWithPadding(tokenizer)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(groups(model, asked), weight_decay=0.0)
    total = asked.steps or -(-len(data) // asked.batch_size)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, 0, total)
    seconds = []
    for batch in itertools.islice(shuffled(data, asked.batch_size, collate, random.Random(asked.seed)), total):
        start = time.perf_counter()
        model.train()
        loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({
        "eval": scores(model, test, collate, task.classes), "final_loss": loss.item(), "steps": total,
        "seconds": sum(seconds), "step_seconds_median": sorted(seconds)[len(seconds) // 2],
        "trainable_parameters": sum(parameter.numel() for parameter in trained),
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == "__main__":
    main()
