"""Writes edora/: EDoRA and LoRA-XS, which PEFT lacks, by their formula, and folded into what PEFT has."""

import json
import shutil

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch.nn.functional import linear

import golden
from golden import MODELS, ROOT, load_model, randn

OUTPUT = ROOT / "edora"
RANK, ALPHA = 3, 6
TARGETS = ["q_proj", "down_proj"]


def factors(weight, rank):
    """A = S V^T and B = U of the truncated singular value decomposition, so that B A is the nearest rank-r matrix."""
    u, s, vh = torch.linalg.svd(weight.double(), full_matrices=False)
    return (s[:rank, None] * vh[:rank]).float(), u[:, :rank].float().contiguous()


def forward(x, weight, bias, a, b, r, magnitude, scale):
    """The paper's forward: rows of W + s B R A scaled to the magnitude, their norm taken as a constant."""
    delta = scale * (b @ r @ a)
    if magnitude is None:
        return linear(x, weight + delta, bias)
    norm = (weight + delta).norm(dim=1).detach()
    return (magnitude / norm) * linear(x, weight + delta) + bias


def write_layer(case, uses_magnitude):
    """One linear layer 6 to 9: output, gradients of R and magnitude, merged weight."""
    weight, bias = randn((9, 6), 0.5, "edora", "weight"), randn((9,), 0.5, "edora", "bias")
    x = randn((2, 4, 6), 1.0, "edora", "input").requires_grad_(True)
    upstream, scale = randn((2, 4, 9), 1.0, "edora", "upstream"), ALPHA / RANK
    a, b = factors(weight, RANK)
    r = randn((RANK, RANK), 0.3, "edora", "r").requires_grad_(True)
    magnitude = None
    if uses_magnitude:
        magnitude = (weight.norm(dim=1) * (1 + randn((9,), 0.3, "edora", "magnitude"))).requires_grad_(True)
    output = forward(x, weight, bias, a, b, r, magnitude, scale)
    output.backward(upstream)
    merged = weight + scale * (b @ r @ a)
    tensors = {
        "base.weight": weight, "base.bias": bias, "input": x, "output": output, "upstream": upstream,
        "gradient.input": x.grad, "state.lora_A.weight": a, "state.lora_B.weight": b,
        "state.lora_latent_mapping.weight": r, "gradient.lora_latent_mapping.weight": r.grad}
    if uses_magnitude:
        merged = (magnitude / merged.norm(dim=1))[:, None] * merged
        tensors |= {"state.lora_magnitude_vector": magnitude, "gradient.lora_magnitude_vector": magnitude.grad}
    tensors["merged.weight"] = merged
    assert golden.distance(linear(x, merged, bias), output) < 1e-6
    golden.write_tensors(OUTPUT / f"{case}.layer.safetensors", tensors)


def triplets(model, uses_magnitude):
    """A, B, R and the magnitude of every target in the model, by its name."""
    found = {}
    for name, module in model.named_modules():
        if name.split(".")[-1] in TARGETS:
            a, b = factors(module.weight, RANK)
            found[name] = {"lora_A.weight": a, "lora_B.weight": b, "r": randn((RANK, RANK), 0.3, "edora", name)}
            if uses_magnitude:
                change = 1 + randn((len(b),), 0.2, "edora", name, "magnitude")
                found[name]["lora_magnitude_vector"] = module.weight.norm(dim=1) * change
    return found


def write_checkpoint(case, uses_magnitude):
    """The same adapter three times: our names, the original repository's, and folded into PEFT's DoRA or LoRA."""
    model = load_model("llama")
    model.name_or_path = "models/llama"
    found, root = triplets(model, uses_magnitude), "base_model.model."
    own, original, folded = {}, {}, {}
    for name, parts in found.items():
        plain = {key: value for key, value in parts.items() if key != "r"}
        own |= {f"{root}{name}.{key}": value for key, value in plain.items()}
        original |= {f"{root}{name}.{key}": value for key, value in plain.items()}
        own[f"{root}{name}.lora_latent_mapping.weight"] = parts["r"]
        original[f"{root}{name}_lora_latent_mapping.weight"] = parts["r"]
        folded |= {f"{root}{name}.{key}": value for key, value in plain.items()}
        folded[f"{root}{name}.lora_A.weight"] = parts["r"] @ parts["lora_A.weight"]
    fields = {"r": RANK, "lora_alpha": ALPHA, "target_modules": TARGETS, "task_type": "CAUSAL_LM"}
    config = LoraConfig(use_dora=uses_magnitude, **fields)
    golden.save_adapter(get_peft_model(load_model("llama"), config), OUTPUT / case / "folded")
    saved = json.loads((OUTPUT / case / "folded" / "adapter_config.json").read_text())
    saved["base_model_name_or_path"] = "models/llama"
    golden.write_json(OUTPUT / case / "folded" / "adapter_config.json", saved)
    golden.write_tensors(OUTPUT / case / "folded" / "adapter_model.safetensors", folded)

    golden.write_tensors(OUTPUT / case / "own" / "adapter_model.safetensors", own)
    golden.write_json(OUTPUT / case / "own" / "adapter_config.json", {
        "base_model_name_or_path": "models/llama", "lora_alpha": ALPHA, "peft_type": "EDORA", "r": RANK,
        "target_modules": sorted(TARGETS), "task_type": "CAUSAL_LM", "use_magnitude": uses_magnitude})

    golden.write_tensors(OUTPUT / case / "original" / "adapter_model.safetensors", original)
    old = ["base_model_name_or_path", "bias", "fan_in_fan_out", "inference_mode", "lora_alpha", "lora_dropout",
           "modules_to_save", "peft_type", "r", "target_modules", "task_type", "use_dora", "use_rslora"]
    golden.write_json(OUTPUT / case / "original" / "adapter_config.json", {key: saved[key] for key in old})
    golden.write_json(OUTPUT / case / "original" / "reconstr_config.json", {
        "reconstruction_type": "svd", "reconstr_mode": "separated", "half_init_dec": False,
        "replacement_module_random_init": False, "r_squared": True,
        "svd": {"n_iter": 10, "random_state": 42, "rank": RANK}})
    write_expected(case, found)


def write_expected(case, found):
    """Logits of the folded adapter in PEFT, checked against the formula put in place of the layers."""
    ids = golden.randint(3, 64, (2, 15), "edora", "ids")
    with torch.no_grad():
        adapted = PeftModel.from_pretrained(load_model("llama"), OUTPUT / case / "folded").eval()
        logits = adapted(input_ids=ids, use_cache=False).logits
        plain = load_model("llama")
        for name, parts in found.items():
            module = plain.get_submodule(name)
            a, b, r = parts["lora_A.weight"], parts["lora_B.weight"], parts["r"]
            magnitude, weight = parts.get("lora_magnitude_vector"), module.weight.clone()
            zero = torch.zeros(len(weight))
            module.forward = lambda x, w=weight, f=(a, b, r, magnitude), z=zero: forward(x, w, z, *f, ALPHA / RANK)
        assert golden.distance(plain(input_ids=ids, use_cache=False).logits, logits) < 1e-5, case
    golden.write_tensors(OUTPUT / case / "expected.safetensors", {"input_ids": ids, "logits": logits})


def main():
    golden.check_versions()
    assert MODELS.exists(), "run make_models.py first"
    shutil.rmtree(OUTPUT, ignore_errors=True)
    for case, uses_magnitude in (("edora", True), ("lora-xs", False)):
        write_layer(case, uses_magnitude)
        write_checkpoint(case, uses_magnitude)
        print(case)


if __name__ == "__main__":
    main()
