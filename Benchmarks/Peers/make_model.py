"""Writes a random Llama checkpoint of a named size, and tokenized rows for it, so that both programs start alike."""

import argparse
import json
from pathlib import Path

import torch
import transformers

SIZES = {
    # hidden, intermediate, layers, heads, key-value heads, vocabulary
    "tiny": (64, 176, 2, 4, 2, 512),
    "quick": (512, 1408, 6, 8, 4, 8000),
    "211m": (1024, 2816, 12, 16, 8, 32000),
}


def write_model(folder, size, dtype, seed):
    hidden, intermediate, layers, heads, groups, vocabulary = SIZES[size]
    config = transformers.LlamaConfig(
        hidden_size=hidden, intermediate_size=intermediate, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=groups, vocab_size=vocabulary, max_position_embeddings=4096, tie_word_embeddings=False)
    torch.manual_seed(seed)
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=dtype)
    model.save_pretrained(folder)
    return vocabulary, sum(parameter.numel() for parameter in model.parameters())


def write_rows(path, vocabulary, count, length, ragged, seed):
    """Rows of equal length, or of lengths as unequal as those of real text (a few long ones, many short)."""
    random = torch.Generator().manual_seed(seed)
    with open(path, "w") as file:
        for _ in range(count):
            share = float(torch.rand((), generator=random)) ** 2.5
            size = max(4, int(length * share)) if ragged else length
            ids = torch.randint(3, vocabulary, (size,), generator=random).tolist()
            file.write(json.dumps({"input_ids": ids}, separators=(",", ":")) + "\n")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", default="quick", choices=sorted(SIZES))
    options.add_argument("--output", required=True, type=Path)
    options.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    options.add_argument("--rows", type=int, default=64)
    options.add_argument("--sequence-length", type=int, default=256)
    options.add_argument("--seed", type=int, default=0)
    arguments = options.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    dtype = getattr(torch, arguments.dtype)
    vocabulary, parameters = write_model(arguments.output, arguments.size, dtype, arguments.seed)
    for name, ragged in (("rows.jsonl", False), ("ragged.jsonl", True)):
        path = arguments.output / name
        write_rows(path, vocabulary, arguments.rows, arguments.sequence_length, ragged, arguments.seed)
    print(json.dumps({"output": str(arguments.output), "parameters": parameters}))


if __name__ == "__main__":
    main()
