"""Times loading a tokenizer.json and encoding the texts of a file, one after the other on one thread.

Texts stand between empty lines. `checksum` tells other tokens from equally many.
"""

import argparse
import itertools
import json
import os
import statistics
import time
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from tokenizers import Tokenizer  # noqa: E402


def texts_of(path):
    lines = path.read_bytes().decode().split("\n")
    return ["\n".join(group) for full, group in itertools.groupby(lines, bool) if full]


def checksum(batches):
    total = 0
    for ids in batches:
        for token in ids:
            total = (total * 1_000_003 + token + 1) & 0xFFFFFFFFFFFFFFFF
    return str(total)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3)
    arguments = parser.parse_args()
    texts = texts_of(arguments.text)
    loading, encoding, ids = [], [], []
    for _ in range(arguments.steps):
        began = time.perf_counter()
        tokenizer = Tokenizer.from_file(arguments.tokenizer)
        loaded = time.perf_counter()
        # What the package does fastest: a batch, without offsets.
        encodings = tokenizer.encode_batch_fast(texts)
        encoding.append(time.perf_counter() - loaded)
        loading.append(loaded - began)
        ids = [item.ids for item in encodings]
        del encodings
    print(json.dumps({
        "load_seconds": statistics.median(loading), "encode_seconds": statistics.median(encoding),
        "bytes": sum(len(text.encode()) for text in texts), "tokens": sum(map(len, ids)), "checksum": checksum(ids)}))


if __name__ == "__main__":
    main()
