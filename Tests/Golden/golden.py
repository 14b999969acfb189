"""What every golden script shares: where files go, seeded random tensors, and exact ways to write them."""

import hashlib
import json
import os
import warnings
from pathlib import Path

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np  # noqa: E402
import peft  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

ROOT = Path(__file__).resolve().parent
MODELS = ROOT / "models"
REQUIRED = {"torch": "2.13", "transformers": "5.23", "peft": "0.21.2"}

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
warnings.filterwarnings("ignore")


def check_versions():
    """Refuses to write reference values with other versions than the ones documented."""
    for module in (torch, transformers, peft):
        name, version = module.__name__, module.__version__
        if not version.startswith(REQUIRED[name]):
            raise SystemExit(f"{name} {version} is installed, {REQUIRED[name]} is required: see README.md")


def generator(*names):
    """A random generator whose seed depends on the names alone, so that adding one case moves no other."""
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:6], "little"))


def seed(*names):
    """Seeds the global generators of Python, numpy and torch from the names."""
    import random

    value = int.from_bytes(hashlib.sha256("/".join(map(str, names)).encode()).digest()[:4], "little")
    random.seed(value)
    np.random.seed(value)
    torch.manual_seed(value)


def randn(shape, std, *names):
    return torch.randn(shape, generator=generator(*names)) * std


def randint(low, high, shape, *names):
    return torch.randint(low, high, shape, generator=generator(*names))


def write_tensors(path, tensors):
    path.parent.mkdir(parents=True, exist_ok=True)
    copies = {name: torch.as_tensor(tensor).detach().clone().contiguous() for name, tensor in tensors.items()}
    save_file(copies, path, metadata={"format": "pt"})
    path.chmod(0o644)


def load_tensors(path):
    """The tensors of a file, in float32."""
    return {name: tensor.float() for name, tensor in load_file(path).items()}


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, sort_keys=False) + "\n")


def write_table(path, sections):
    """A JSON object of sections, each entry of a list or dictionary in it on a line of its own."""

    def rows(value):
        if isinstance(value, dict):
            return "{\n" + ",\n".join(f"  {json.dumps(key)}: {json.dumps(row)}" for key, row in value.items()) + "\n }"
        if isinstance(value, list):
            return "[\n" + ",\n".join("  " + json.dumps(row) for row in value) + "\n ]"
        return json.dumps(value)

    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [f" {json.dumps(key)}: {rows(value)}" for key, value in sections.items()]
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def write_jsonl(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))


def load_model(name, dtype=None):
    """One of the tiny models, as transformers loads it; the checkpoint's own dtype unless another is named."""
    path = MODELS / name
    model = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=dtype or "auto")
    return model.eval()


def randomize(model, *names, norms=0.2, bias=0.1):
    """Gives every parameter values large enough that logits and gradients are far from zero."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                value = randn(parameter.shape, bias, *names, name)
            elif parameter.dim() == 1:
                value = 1 + randn(parameter.shape, norms, *names, name)
            else:
                std = 0.3 if "embed" in name else 1.2 / parameter.shape[-1] ** 0.5
                value = randn(parameter.shape, std, *names, name)
            parameter.copy_(value)


def distance(value, reference):
    """Norm of the difference over the norm of the reference."""
    return float((value.float() - reference.float()).norm() / reference.float().norm())


def save_adapter(model, folder):
    """What PEFT saves, without its model card, and with sets in a fixed order."""
    model.save_pretrained(folder)
    clean(folder)


def clean(folder):
    """Makes a saved adapter the same on every run."""
    for card in folder.glob("**/README.md"):
        card.unlink()
    for path in folder.glob("**/adapter_config.json"):
        config = json.loads(path.read_text())
        for key in ("target_modules", "exclude_modules", "feedforward_modules", "modules_to_save"):
            if isinstance(config.get(key), list):
                config[key] = sorted(config[key])
        path.write_text(json.dumps(config, indent=2, sort_keys=True))
    for path in folder.glob("**/*.safetensors"):
        path.chmod(0o644)
