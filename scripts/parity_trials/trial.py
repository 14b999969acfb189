"""One trial: what is drawn, what both sides do with it, and the differences that are too large."""

import json
import random as randomness

import torch

from . import draw, reference
from .program import Failure

MERGEABLE = {"lora", "dora", "adalora", "ia3"}
LIMITS = {  # relative differences, in float32 and with a bfloat16 base
    "logits": (1e-5, 2e-2), "loss": (1e-4, 2e-2), "gradient": (1e-3, 5e-2), "adapter": (5e-3, 2e-1),
    "merged": (1e-5, 5e-2), "combined": (1e-4, 2e-2), "weights": (1e-5, 1e-2), "rate": (1e-6, 1e-6),
}


def distance(value, expected):
    """Norm of the difference over the norm of what is expected."""
    if value.shape != expected.shape:
        raise Failure(f"shape {list(value.shape)} where {list(expected.shape)} is expected")
    norm = expected.float().norm()
    return float((value.float() - expected.float()).norm() / (norm if norm > 0 else 1))


class Trial:
    """A numbered trial below a seed: the same number and seed draw the same trial everywhere."""

    def __init__(self, seed, number, methods, program, folder):
        self.random = randomness.Random(f"{seed}/{number}")
        self.seed = seed * 100_003 + number
        self.program, self.folder = program, folder
        self.config = draw.model_config(self.random)
        self.method = draw.method(self.random, methods)
        self.rows = draw.rows(self.random, self.config["vocab_size"])
        self.settings = draw.training(self.random)
        self.half = self.config["torch_dtype"] == "bfloat16"
        self.worst, self.problems = {}, []
        self.model, self.data = folder / "model", folder / "rows.jsonl"
        folder.mkdir(parents=True)
        reference.write_model(self.model, self.config, self.seed)
        self.data.write_text("".join(json.dumps(row) + "\n" for row in self.rows))
        self.fields = self.accepted_fields()
        self.combination = draw.combination(self.random, self.fields) if self.method == "lora" else None

    def accepted_fields(self):
        """An adapter that PEFT can put on the model: some draws exclude everything they target."""
        while True:
            fields = draw.adapter_fields(self.random, self.method, self.config)
            try:
                if self.method != "full":
                    reference.adapt(reference.load(self.model), self.method, fields, self.seed)
                return fields
            except ValueError:
                continue

    @property
    def title(self):
        shown = {key: value for key, value in self.fields.items() if key != "task_type"}
        return f"{self.config['model_type']} {self.config['torch_dtype']} {self.method} {json.dumps(shown)}"

    def measure(self, kind, what, difference):
        """Remembers the largest difference of a kind; too large a one is a problem."""
        self.worst[kind] = max(difference, self.worst.get(kind, 0.0))
        limit = LIMITS[kind][self.half]
        if not difference <= limit:
            self.problems.append(f"{what}: {kind} differ by {difference:.1e}, more than {limit:.0e}")

    def measure_logits(self, what, ours, theirs, kind="logits"):
        if len(ours) != len(theirs):
            raise Failure(f"{what}: {len(ours)} rows of logits where {len(theirs)} are expected")
        self.measure(kind, what, max(distance(a, b) for a, b in zip(ours, theirs)))

    def check(self, what, step):
        """Runs one part of the trial; an error in it is a problem, and the other parts still run."""
        try:
            step()
        except Failure as failure:
            self.problems.append(f"{what}: {failure}")

    def run(self):
        """Draws nothing more; returns whether everything agreed."""
        self.check("base", self.check_base)
        if self.method != "full":
            self.write_adapter()
            self.check("PEFT's adapter", self.check_adapter)
            if self.method in MERGEABLE:
                self.check("merge", self.check_merge)
            if self.combination and not self.half:
                self.check("combination", self.check_combination)
            if self.method in ("lora", "dora"):
                self.check("fresh adapter", self.check_fresh)
        self.check("training", self.check_training)
        return not self.problems

    def check_base(self):
        ours = self.program.logits(self.model, self.data, self.folder / "base.safetensors")
        self.measure_logits("base", ours, reference.logits(reference.load(self.model), self.rows))

    def write_adapter(self):
        """PEFT's adapter as initialised, and with random values."""
        adapted = reference.adapt(reference.load(self.model), self.method, self.fields, self.seed)
        reference.save(adapted, self.folder / "initial")
        reference.perturb(adapted, self.seed)
        reference.save(adapted, self.folder / "random")
        reference.perturb(adapted, self.seed + 1)
        reference.save(adapted, self.folder / "other")

    def check_adapter(self):
        """An adapter that PEFT wrote gives the same logits here."""
        adapter = self.folder / "random"
        theirs = reference.logits(reference.load_adapted(self.model, adapter), self.rows)
        ours = self.program.logits(self.model, self.data, self.folder / "random.safetensors", adapter)
        self.measure_logits("PEFT's adapter", ours, theirs)

    def check_merge(self):
        """Our merged model in transformers: PEFT's adapted logits, and PEFT's merged weights where it merges too."""
        adapter, output = self.folder / "random", self.folder / "merged"
        adapted = reference.load_adapted(self.model, adapter)
        if not reference.mergeable(adapted):
            return
        expected = reference.logits(adapted, self.rows)
        self.program.merge(self.model, adapter, output)
        self.measure_logits("merged model", reference.logits(reference.load(output), self.rows), expected, "merged")
        state, ours = adapted.merge_and_unload().state_dict(), reference.tensors(output)
        for name, value in ours.items():
            if name in state:
                self.measure("weights", f"merged {name}", distance(value, state[name]))

    def check_combination(self):
        """Two adapters combined here give, in PEFT, what PEFT's own combination gives."""
        adapters, output = [self.folder / "random", self.folder / "other"], self.folder / "combined"
        self.program.combine(adapters, self.combination, output)
        expected = reference.logits(reference.combine(self.model, adapters, self.combination), self.rows)
        ours = reference.logits(reference.load_adapted(self.model, output), self.rows)
        self.measure_logits(f"combination {json.dumps(self.combination)}", ours, expected, "combined")

    def check_fresh(self):
        """An adapter that we made and did not move: PEFT's names and shapes, and in PEFT the base's logits."""
        config, output = self.folder / "config.json", self.folder / "fresh"
        reference.write_config(self.method, self.fields, config)
        settings = self.settings | {"steps": 1, "learning-rate": 0.0, "weight-decay": 0.0, "warmup-steps": 0}
        self.program.train(self.model, self.data, output, settings, config=config)
        ours, theirs = reference.tensors(output), reference.tensors(self.folder / "initial")
        shapes = [{name: list(value.shape) for name, value in side.items()} for side in (ours, theirs)]
        if shapes[0] != shapes[1]:
            names = sorted(name for name in shapes[0].keys() | shapes[1].keys()
                           if shapes[0].get(name) != shapes[1].get(name))
            raise Failure(f"names or shapes differ from PEFT's: {names[:3]}")
        base = reference.logits(reference.load(self.model), self.rows)
        adapted = reference.logits(reference.load_adapted(self.model, output), self.rows)
        self.measure_logits("fresh adapter", adapted, base)

    def check_training(self):
        """Ten steps from PEFT's initial adapter; then what we saved, in PEFT."""
        output, initial = self.folder / "trained", None if self.method == "full" else self.folder / "initial"
        model = reference.load(self.model)
        if initial:  # PEFT loads no prompt for training, so the adapter is made again, from the same seed
            model = reference.adapt(model, self.method, self.fields, self.seed)
        expected = reference.train(model, self.rows, self.settings)
        method = "full" if self.method == "full" else None
        records = self.program.train(self.model, self.data, output, self.settings, initial=initial, method=method)
        self.compare_records(records, expected)
        if not initial:
            return
        reference.save(model, self.folder / "expected")
        self.compare_adapters(output, self.folder / "expected", initial)
        theirs = reference.logits(reference.load_adapted(self.model, output), self.rows)
        ours = self.program.logits(self.model, self.data, self.folder / "trained.safetensors", output)
        self.measure_logits("our adapter in PEFT", ours, theirs)

    def compare_records(self, records, expected):
        if len(records) != len(expected):
            raise Failure(f"{len(records)} lines of metrics for {len(expected)} steps")
        for step, (ours, theirs) in enumerate(zip(records, expected), 1):
            self.measure("loss", f"step {step}", abs(ours["loss"] - theirs["loss"]) / abs(theirs["loss"]))
            if "grad_norm" in ours:
                difference = abs(ours["grad_norm"] - theirs["grad_norm"]) / max(theirs["grad_norm"], 1e-6)
                self.measure("gradient", f"step {step}", difference)
            if "learning_rate" in ours:
                difference = abs(ours["learning_rate"] - theirs["learning_rate"]) / self.settings["learning-rate"]
                self.measure("rate", f"step {step}", difference)
            if theirs["regularization"] is not None:
                difference = abs(ours.get("regularization", 0.0) - theirs["regularization"])
                self.measure("loss", f"step {step} regularization", difference / abs(theirs["regularization"]))

    def compare_adapters(self, output, expected, initial):
        """The same names and shapes; values whose distance is small beside the way that training moved them."""
        ours, theirs, start = map(reference.tensors, (output, expected, initial))
        if ours.keys() != theirs.keys():
            missing, extra = sorted(theirs.keys() - ours.keys()), sorted(ours.keys() - theirs.keys())
            raise Failure(f"saved names differ: missing {missing[:3]}, extra {extra[:3]}")
        difference, moved = 0.0, 0.0
        for name, value in theirs.items():
            if ours[name].shape != value.shape:
                raise Failure(f"{name}: shape {list(ours[name].shape)} where {list(value.shape)} is expected")
            if value.dtype == torch.bfloat16:
                continue  # PEFT trains copies of modules and biases in the base's precision, which rounds steps away
            difference += float((ours[name].float() - value.float()).square().sum())
            if name in start and start[name].shape == value.shape:
                moved += float((value.float() - start[name].float()).square().sum())
            else:
                moved += float(value.float().square().sum())
        self.measure("adapter", "trained adapter", (difference / max(moved, 1e-12)) ** 0.5)
        self.compare_configs(output, expected)

    def compare_configs(self, output, expected):
        """adapter_config.json field by field, but for where the base lies, the version, and the order of names."""
        ours, theirs = (json.loads((folder / "adapter_config.json").read_text()) for folder in (output, expected))
        for key in ("base_model_name_or_path", "peft_version", "auto_mapping", "inference_mode"):
            ours.pop(key, None), theirs.pop(key, None)
        for key in sorted(ours.keys() | theirs.keys()):
            a, b = ours.get(key), theirs.get(key)
            same = sorted(a) == sorted(b) if isinstance(a, list) and isinstance(b, list) else a == b
            if not same:
                self.problems.append(f"adapter_config.json: {key} is {json.dumps(a)} where PEFT writes {json.dumps(b)}")

    @property
    def summary(self):
        return ", ".join(f"{kind} {value:.0e}" for kind, value in sorted(self.worst.items()))

