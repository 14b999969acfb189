"""Fine-tunes an encoder on MRPC or RTE with Hugging Face PEFT as `peft train --glue` does, and prints one JSON object.

    .venv/bin/python Benchmarks/Peers/peer_glue.py --task mrpc --model MiniLM --data msr_paraphrase_train.txt \
        --eval-data msr_paraphrase_test.txt --method lora --seed 1
"""

import argparse
import csv
import json
import random
import resource
import time

import torch
import transformers
from peft import LoraConfig, get_peft_model

# The columns of the texts and of the label, and the classes in the order of their numbers.
TASKS = {
    "mrpc": (["#1 String", "#2 String"], "Quality", ["0", "1"]),
    "rte": (["sentence1", "sentence2"], "label", ["entailment", "not_entailment"]),
}


def options():
    result = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    result.add_argument("--task", choices=TASKS, required=True)
    for name in ("--model", "--data", "--eval-data"):
        result.add_argument(name, required=True)
    result.add_argument("--method", default="lora", choices=["lora", "dora", "full"])
    result.add_argument("--rank", type=int, default=8)
    result.add_argument("--alpha", type=float, default=16)
    result.add_argument("--learning-rate", type=float, default=1e-3)
    result.add_argument("--batch-size", type=int, default=32)
    result.add_argument("--max-length", type=int, default=128)
    result.add_argument("--epochs", type=int, default=1)
    result.add_argument("--threads", type=int)
    result.add_argument("--seed", type=int, default=1)
    return result.parse_args()


def rows(path, task, tokenizer, length):
    texts, label, classes = TASKS[task]
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield tokenizer(*[row[name] for name in texts], truncation=True, max_length=length) | {
                "labels": classes.index(row[label])}


def batches(data, size, collate):
    for start in range(0, len(data), size):
        yield collate(data[start:start + size])


def scores(model, data, collate):
    model.eval()
    pairs = []
    with torch.no_grad():
        for batch in batches(sorted(data, key=lambda row: -len(row["input_ids"])), 64, collate):
            labels = batch.pop("labels").tolist()
            pairs += zip(labels, model(**batch).logits.argmax(-1).tolist())
    hits = sum(right == found for right, found in pairs)
    both = sum(right == found == 1 for right, found in pairs)
    claims = sum(right + found for right, found in pairs)
    return {"accuracy": hits / len(pairs), "f1": 2 * both / claims if claims else 0.0}


def main():
    asked = options()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    transformers.set_seed(asked.seed)
    tokenizer = transformers.AutoTokenizer.from_pretrained(asked.model)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(asked.model, num_labels=2)
    if asked.method != "full":
        model = get_peft_model(model, LoraConfig(
            r=asked.rank, lora_alpha=asked.alpha, task_type="SEQ_CLS", use_dora=asked.method == "dora"))
    data, test = ([*rows(path, asked.task, tokenizer, asked.max_length)] for path in (asked.data, asked.eval_data))
    collate = transformers.DataCollatorWithPadding(tokenizer)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=asked.learning_rate, weight_decay=0.0)
    total = asked.epochs * -(-len(data) // asked.batch_size)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, 0, total)
    dice, seconds = random.Random(asked.seed), []
    for _ in range(asked.epochs):
        dice.shuffle(data)
        for batch in batches(data, asked.batch_size, collate):
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
        "eval": scores(model, test, collate), "final_loss": loss.item(), "steps": len(seconds),
        "seconds": sum(seconds), "step_seconds_median": sorted(seconds)[len(seconds) // 2],
        "trainable_parameters": sum(parameter.numel() for parameter in trained),
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == "__main__":
    main()
