"""Writes combinations/: PEFT's weighted combinations, rank conversions and intruder reduction of given adapters."""

import shutil

import torch
from peft import LoHaConfig, LoraConfig, get_peft_model
from peft.tuners.lora.conversion import convert_to_lora
from peft.tuners.lora.intruders import reduce_intruder_dimension
from torch import nn

import golden
from golden import ROOT, randn

OUTPUT = ROOT / "combinations"
LAYERS = {"first": (8, 12), "second": (12, 6)}
ADAPTERS = {"a": (3, 6), "b": (3, 3), "c": (2, 5)}  # name: (rank, alpha); a and b share their rank

# case: (adapters, weights, options of add_weighted_adapter)
COMBINATIONS = {
    "linear": ("ab", [0.7, 0.3], {"combination_type": "linear"}),
    "linear-negative": ("ab", [1.0, -0.5], {"combination_type": "linear"}),
    "linear-single": ("a", [1.0], {"combination_type": "linear"}),
    "cat": ("abc", [0.7, 0.3, -1.2], {"combination_type": "cat"}),
    "svd": ("abc", [0.5, 0.8, 1.1], {"combination_type": "svd"}),
    "svd-rank": ("ac", [0.5, 1.5], {"combination_type": "svd", "svd_rank": 4}),
    "svd-clamp": ("ab", [0.5, 1.5], {"combination_type": "svd", "svd_clamp": 0.9}),
    "ties": ("ab", [0.6, 0.9], {"combination_type": "ties", "density": 0.5}),
    "ties-frequency": ("ab", [0.6, 0.9], {"combination_type": "ties", "density": 0.7,
                                          "majority_sign_method": "frequency"}),
    "ties-svd": ("abc", [0.6, 0.9, 1.0], {"combination_type": "ties_svd", "density": 0.5}),
    "magnitude-prune": ("ab", [0.6, 0.9], {"combination_type": "magnitude_prune", "density": 0.4}),
    "magnitude-prune-svd": ("bc", [0.6, 0.9], {"combination_type": "magnitude_prune_svd", "density": 0.4}),
    "dare-linear-dense": ("ab", [0.6, 0.9], {"combination_type": "dare_linear", "density": 1.0}),
    "dare-ties-dense": ("ab", [0.6, 0.9], {"combination_type": "dare_ties", "density": 1.0}),
    "dare-linear-svd-dense": ("ab", [0.6, 0.9], {"combination_type": "dare_linear_svd", "density": 1.0}),
    "dare-ties-svd-dense": ("ac", [0.6, 0.9], {"combination_type": "dare_ties_svd", "density": 1.0}),
}


def base():
    model = nn.ModuleDict({name: nn.Linear(*shape) for name, shape in LAYERS.items()})
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(randn(parameter.shape, 0.4, "combinations", name))
    return model


def adapted():
    """The model with every adapter of the table."""
    golden.seed("combinations")
    model = None
    for name, (rank, alpha) in ADAPTERS.items():
        config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=list(LAYERS))
        if model is None:
            model = get_peft_model(base(), config, adapter_name=name)
        else:
            model.add_adapter(name, config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(randn(parameter.shape, 0.5, "combinations", name))
    return model


def layers(model):
    return {name: model.base_model.model[name] for name in LAYERS}


def combination(adapters, weights, options):
    """Factors and delta of the combined adapter in every layer."""
    model = adapted()
    model.add_weighted_adapter(list(adapters), weights, "combined", **options)
    tensors = {}
    for name, layer in layers(model).items():
        tensors[f"{name}.lora_A"] = layer.lora_A["combined"].weight
        tensors[f"{name}.lora_B"] = layer.lora_B["combined"].weight
        tensors[f"{name}.delta"] = layer.get_delta_weight("combined")
    return tensors


def intruders():
    """The delta after intruder dimensions were reduced, for several thresholds."""
    tensors = {}
    for threshold, amount in ((0.5, 0.75), (0.8, 0.5), (0.95, 1.0), (0.05, 0.0)):
        model = adapted()
        reduce_intruder_dimension(model, old_adapter_name="a", new_adapter_name="less", top_k=5,
                                  threshold_epsilon=threshold, mitigation_lambda=amount, logging_sink=None)
        for name, layer in layers(model).items():
            tensors[f"intruder.{threshold}.{amount}.{name}.delta"] = layer.get_delta_weight("less")
    return tensors


def conversions():
    """A LoHa adapter's delta, and the LoRA factors that stand for it at fixed ranks and at shares of its energy."""
    golden.seed("combinations", "loha")
    model = get_peft_model(base(), LoHaConfig(r=3, alpha=4, target_modules=list(LAYERS)))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "hada" in name:
                parameter.copy_(randn(parameter.shape, 0.5, "combinations", "loha", name))
    tensors = {f"loha.{name}.delta": layer.get_delta_weight("default") for name, layer in layers(model).items()}
    for rank in (2, 4, 0.5, 0.9, 0.99):
        _, state = convert_to_lora(model, rank=rank)
        for name in LAYERS:
            factor = {kind: next(value for key, value in state.items() if f".{name}.{kind}" in f".{key}")
                      for kind in ("lora_A", "lora_B")}
            tensors[f"loha.{rank}.{name}.delta"] = factor["lora_B"] @ factor["lora_A"]
            tensors[f"loha.{rank}.{name}.r"] = torch.tensor(len(factor["lora_A"]))
    return tensors


def main():
    golden.check_versions()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    model = adapted()
    given = {f"base.{key}": value for key, value in base().state_dict().items()}
    for name, layer in layers(model).items():
        for adapter in ADAPTERS:
            given[f"{adapter}.{name}.lora_A"] = layer.lora_A[adapter].weight
            given[f"{adapter}.{name}.lora_B"] = layer.lora_B[adapter].weight
    golden.write_tensors(OUTPUT / "given.safetensors", given)
    for case, (adapters, weights, options) in COMBINATIONS.items():
        golden.write_tensors(OUTPUT / f"{case}.safetensors", combination(adapters, weights, options))
    golden.write_tensors(OUTPUT / "intruders.safetensors", intruders())
    golden.write_tensors(OUTPUT / "conversions.safetensors", conversions())
    golden.write_table(OUTPUT / "cases.json", {
        "adapters": {name: {"r": rank, "lora_alpha": alpha} for name, (rank, alpha) in ADAPTERS.items()},
        "combinations": {case: {"adapters": list(adapters), "weights": weights} | options
                         for case, (adapters, weights, options) in COMBINATIONS.items()}})
    print(len(COMBINATIONS), "combinations")


if __name__ == "__main__":
    main()
