"""Times our tokenizers beside Hugging Face's `tokenizers` on the same text, one thread each; prints ratios.

    compare_tokenizers.py [--text FILE] [--pairs N] [tokenizer.json or folder ...]

Both must give the same tokens. Without a text, one of 12 MB is made of this repository's files and of random sentences
in several scripts; without tokenizers, one of each kind is trained on the text.
A ratio above 1 says how many times faster ours is.
"""

import argparse
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SCRIPTS = {"Latin": (0xE0, 0x17F), "Greek": (0x3B1, 0x3C9), "Cyrillic": (0x430, 0x44F), "Arabic": (0x627, 0x64A),
           "Devanagari": (0x905, 0x939), "Hiragana": (0x3042, 0x3093), "Han": (0x4E00, 0x5200), "Hangul": (0xAC00, 0xB000)}


def mixed_text(megabytes):
    """Documents of prose and code, then sentences of words as unevenly frequent as a language's."""
    choose = random.Random(0)
    paths = [path for pattern in ("docs/*.md", "Sources/**/*.swift", "Tests/**/*.swift", "scripts/*")
             for path in sorted(ROOT.glob(pattern)) if path.is_file()]
    parts = [path.read_text(encoding="utf-8") for path in paths]
    words = re.findall(r"[A-Za-z']+", " ".join(parts))
    size = sum(len(part.encode()) for part in parts)
    foreign = {
        name: ["".join(chr(choose.randrange(*limits)) for _ in range(choose.randrange(1, 9))) for _ in range(3000)]
        for name, limits in SCRIPTS.items()}
    while size < megabytes * 1_000_000:
        vocabulary = words if choose.random() < 0.6 else foreign[choose.choice(sorted(foreign))]
        sentences = []
        for _ in range(choose.randrange(2, 12)):
            if vocabulary is words:
                chosen = [choose.choice(words) for _ in range(choose.randrange(4, 24))]
            else:
                # The first words of a list come often, the last ones seldom.
                chosen = [vocabulary[int(3000 ** choose.random()) - 1] for _ in range(choose.randrange(4, 24))]
            if choose.random() < 0.2:
                chosen.insert(choose.randrange(len(chosen)), str(choose.randrange(100_000)))
            sentences.append(" ".join(chosen).capitalize() + choose.choice([".", "!", "?", "...", ".\n"]))
        parts.append(" ".join(sentences))
        size += len(parts[-1].encode()) + 2
    return "\n\n".join(parts)


def execute(command):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if result.returncode:
        lines = result.stderr.strip().splitlines() or ["no message"]
        sys.exit(f"error: {' '.join(map(str, command[:3]))} failed: {lines[-1]}")
    return result.stdout.strip().splitlines()[-1]


def trained(program, text, folder):
    """A tokenizer of each kind, for want of real ones."""
    for kind in ["bpe", "wordpiece", "unigram"]:
        execute([program, "train-tokenizer", text, "--algorithm", kind, "--vocab-size", 16000, "--output",
                 folder / kind, "--quiet"])
        yield kind, folder / kind / "tokenizer.json"


def named(path):
    """A tokenizer's name and its file, for a folder or a file."""
    if path.is_dir():
        return path.name, path / "tokenizer.json"
    return (path.parent.name if path.name.startswith("tokenizer") else path.stem), path


def measure(program, file, text, folder, pairs):
    """The text's size in MB, the median seconds of ours and of theirs, and whether the tokens are the same."""
    # Our program takes folders; nothing beside the file may have its say.
    model = folder / "model"
    model.mkdir(exist_ok=True)
    (model / "tokenizer.json").unlink(missing_ok=True)
    (model / "tokenizer.json").symlink_to(file.resolve())
    runs = []
    for _ in range(pairs):
        ours = json.loads(execute([program, "bench", "--model", model, "--tokenize", text, "--steps", 3, "--json"]))
        theirs = json.loads(execute([sys.executable, HERE / "peer_tokenize.py", "--tokenizer", file, "--text", text]))
        runs.append((ours, theirs))
    ours, theirs = ({key: statistics.median(run[who][key] for run in runs) for key in ("load_seconds", "encode_seconds")}
                    for who in (0, 1))
    same = all(a[key] == b[key] for a, b in runs for key in ("bytes", "tokens", "checksum"))
    return runs[0][0]["bytes"] / 1e6, ours, theirs, same


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizers", nargs="*", type=Path)
    parser.add_argument("--program", type=Path, default=ROOT / ".build" / "release" / "peft")
    parser.add_argument("--text", type=Path)
    parser.add_argument("--megabytes", type=float, default=12, help="how much text is made")
    parser.add_argument("--pairs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        text = arguments.text
        if text is None:
            text = folder / "text.txt"
            text.write_text(mixed_text(arguments.megabytes), encoding="utf-8", newline="\n")
        files = [named(path) for path in arguments.tokenizers] or trained(arguments.program, text, folder)
        print("%-20s %9s %10s %8s %9s %10s %8s %s" % (
            "tokenizer", "our MB/s", "their MB/s", "encode x", "our load", "their load", "load x", "tokens"), flush=True)
        failed = False
        for name, file in files:
            size, ours, theirs, same = measure(arguments.program, file, text, folder, arguments.pairs)
            failed = failed or not same
            print("%-20s %9.1f %10.1f %8.2f %7.0fms %8.0fms %8.2f %s" % (
                name, size / ours["encode_seconds"], size / theirs["encode_seconds"],
                theirs["encode_seconds"] / ours["encode_seconds"], ours["load_seconds"] * 1e3,
                theirs["load_seconds"] * 1e3, theirs["load_seconds"] / ours["load_seconds"],
                "same" if same else "DIFFERENT"), flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
