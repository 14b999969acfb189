"""Our side of a trial: the `peft` program, reached only through its command line and its files."""

import json
import subprocess

from safetensors.torch import load_file


class Failure(Exception):
    """The program exited with an error, or left something out."""


class Program:
    """Runs one command after another; keeps what each printed, for the report of a failed trial."""

    def __init__(self, path):
        self.path = path
        self.commands = []

    def run(self, *arguments):
        command = list(map(str, [self.path, *arguments]))
        self.commands.append(" ".join(command))
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
            raise Failure(f"`{' '.join(map(str, arguments[:1]))}` exited with {done.returncode}: {lines[-1]}")
        return done.stdout

    def logits(self, model, data, output, adapter=None):
        """One float32 tensor for each row."""
        self.run("logits", "--model", model, *(["--adapter", adapter] if adapter else []), "--data", data,
                 "--output", output, "--threads", 1, "--quiet")
        found = load_file(output)
        return [found[f"logits.{row}"] for row in range(len(found))]

    def train(self, model, data, output, settings, initial=None, config=None, method=None):
        """The lines of metrics.jsonl."""
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        options += ["--init-adapter", initial] if initial else []
        options += ["--adapter-config", config] if config else []
        options += ["--method", method] if method else []
        self.run("train", "--model", model, "--data", data, "--output", output, "--task", "causal-lm", "--no-shuffle",
                 "--threads", 1, "--quiet", *options)
        lines = (output / "metrics.jsonl").read_text().splitlines()
        return [line for line in map(json.loads, lines) if "loss" in line]

    def combine(self, adapters, options, output):
        more = ["--density", options["density"]] if "density" in options else []
        weights = ",".join(map(str, options["weights"]))
        self.run("combine", "--adapter", adapters[0], "--adapter", adapters[1], "--weights", weights, "--combination",
                 options["combination_type"], "--output", output, "--quiet", *more)

    def merge(self, model, adapter, output):
        self.run("merge", "--model", model, "--adapter", adapter, "--output", output, "--threads", 1, "--quiet")
