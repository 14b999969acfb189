"""Times Hugging Face PEFT fine-tuning an encoder on pairs of sentences (MRPC's files), padded batch by batch."""

import csv
import random
import time

import peers


def read_pairs(path):
    """(first, second, label) of a GLUE MRPC or plain TSV file, by the names in its header."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    names = {"Quality": "label", "#1 String": "sentence1", "#2 String": "sentence2"}
    header = [names.get(name, name) for name in rows[0]]
    first, second, label = (header.index(name) for name in ("sentence1", "sentence2", "label"))
    return [(row[first], row[second], int(row[label])) for row in rows[1:] if len(row) == len(header)]


def main():
    options = peers.parser(__doc__)
    options.add_argument("--data", required=True, help="a TSV file with two sentences and a label")
    options.add_argument("--method", default="lora", choices=["lora", "dora", "adalora"])
    options.add_argument("--rank", type=int, default=16)
    options.add_argument("--batch-size", type=int, default=32)
    options.add_argument("--max-length", type=int, default=128)
    options.add_argument("--steps", type=int, default=20)
    options.add_argument("--warmup", type=int, default=2, help="steps that are not timed")
    options.add_argument("--learning-rate", type=float, default=5e-4)
    options.add_argument("--targets", default="query,key,value,dense")
    options.add_argument("--no-shuffle", action="store_true")
    arguments, import_seconds = peers.start(options)
    import torch
    from peft import get_peft_model
    from transformers import AutoTokenizer

    model, load_seconds = peers.load(arguments, "AutoModelForSequenceClassification", num_labels=2)
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    targets = arguments.targets.split(",")
    config = peers.adapter_config(arguments.method, arguments.rank, arguments.steps, targets, "SEQ_CLS")
    model = get_peft_model(model, config).train()
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=arguments.learning_rate, weight_decay=0.0)
    pairs = read_pairs(arguments.data)
    if not arguments.no_shuffle:
        random.Random(arguments.seed).shuffle(pairs)
    seconds, losses = [], []
    for step in range(arguments.warmup + arguments.steps):
        began = time.perf_counter()
        chosen = [pairs[(step * arguments.batch_size + i) % len(pairs)] for i in range(arguments.batch_size)]
        first, second, labels = zip(*chosen)
        batch = tokenizer(list(first), list(second), padding=True, truncation=True, max_length=arguments.max_length,
                          return_tensors="pt").to(arguments.device)
        loss = model(**batch, labels=torch.tensor(labels, device=arguments.device)).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if step >= arguments.warmup:
            seconds.append(time.perf_counter() - began)
    peers.report(
        step_seconds_median=peers.median(seconds), losses=losses,
        examples_per_second=arguments.batch_size * len(seconds) / sum(seconds),
        trainable_parameters=sum(p.numel() for p in trainable),
        import_seconds=import_seconds, load_seconds=load_seconds)


if __name__ == "__main__":
    main()
