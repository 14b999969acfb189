"""Writes inits/: what PEFT's data- and weight-driven initialisations make of given weights, inputs and gradients."""

import shutil

import torch
from peft import EvaConfig, LoraConfig, PeftModel, get_peft_model, initialize_lora_eva_weights
from peft.tuners.lora import corda
from peft.tuners.lora.config import CordaConfig, LoraGAConfig
from peft.tuners.lora.loraga import preprocess_loraga
from torch import nn
from transformers.pytorch_utils import Conv1D

import golden
from golden import ROOT, randn

OUTPUT = ROOT / "inits"


class Stack(nn.Module):
    """Three linear layers in a row: 10 -> 14 -> 8 -> 12, of which the second has Hugging Face's Conv1D layout."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(10, 14)
        self.second = Conv1D(8, 14)
        self.third = nn.Linear(8, 12)

    def forward(self, x):
        return self.third(torch.tanh(self.second(torch.tanh(self.first(x)))))


LAYERS = ["first", "second", "third"]
CASES = {
    "pissa": {"init_lora_weights": "pissa"},
    "pissa-rslora": {"init_lora_weights": "pissa", "use_rslora": True},
    "pissa-niter": {"init_lora_weights": "pissa_niter_16"},
    "olora": {"init_lora_weights": "olora", "target_modules": ["first", "third"]},
    "mica": {"init_lora_weights": "mica"},
    "orthogonal": {"init_lora_weights": "orthogonal"},
    "corda-ipm": {"init_lora_weights": "corda", "corda_config": {"corda_method": "ipm"}},
    "corda-kpm": {"init_lora_weights": "corda", "corda_config": {"corda_method": "kpm"}},
    "lora-ga": {"init_lora_weights": "lora_ga", "lora_ga_config": {"direction": "ArB2r", "scale": "stable"}},
    "lora-ga-a2rbr": {"init_lora_weights": "lora_ga", "lora_ga_config": {"direction": "A2rBr", "scale": "gd_scale"}},
    "lora-ga-arbr": {"init_lora_weights": "lora_ga",
                     "lora_ga_config": {"direction": "ArBr", "scale": "stable", "stable_gamma": 4}},
    "eva": {"init_lora_weights": "eva", "eva_config": {"rho": 2.0, "tau": 0.9}},
    "eva-uniform": {"init_lora_weights": "eva", "eva_config": {"rho": 1.0, "tau": 0.99}},
    "eva-whiten": {"init_lora_weights": "eva",
                   "eva_config": {"rho": 1.5, "tau": 0.9, "whiten": True, "adjust_scaling_factors": False}},
}
SUBCONFIGS = {"corda_config": CordaConfig, "lora_ga_config": LoraGAConfig, "eva_config": EvaConfig}


def stack():
    model = Stack()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(randn(parameter.shape, 0.5, "inits", name))
    return model


def inputs():
    """Four batches of inputs with clearly unequal variance per direction, so that components are well separated."""
    scales = torch.tensor([3.0, 2.2, 1.7, 1.2, 0.9, 0.6, 0.45, 0.3, 0.2, 0.1])
    rotation = torch.linalg.qr(randn((10, 10), 1.0, "inits", "rotation"))[0]
    return [(randn((40, 10), 1.0, "inits", "batch", index) * scales) @ rotation for index in range(4)]


def adapted(case, fields, data):
    """The model with initialised adapters, after the preparation that the kind of initialisation asks for."""
    golden.seed("inits", case)
    subs = {key: SUBCONFIGS[key](**value) for key, value in fields.items() if key in SUBCONFIGS}
    plain = {"r": 4, "lora_alpha": 6, "target_modules": LAYERS, "fan_in_fan_out": False} | fields | subs
    config, model, given = LoraConfig(**plain), stack(), {}
    if "corda_config" in fields:
        covariances = record_covariances(model, config, data)
        given = {f"given.covariance.{name}": value for name, value in covariances.items()}
    if "lora_ga_config" in fields:
        preprocess_loraga(model, config, lambda: backward(model, data))
        given = {f"given.gradient.{name}": getattr(model, name)._peft_loraga_grad for name in LAYERS}
    model = get_peft_model(model, config)
    if "eva_config" in fields:
        loader = [{"x": batch} for batch in data]
        initialize_lora_eva_weights(model, loader, prepare_model_inputs_fn=None, prepare_layer_inputs_fn=None,
                                    show_progress_bar=False)
    return model, given


def backward(model, data):
    """One accumulated gradient of a fixed loss, as a training step would give it."""
    for batch in data:
        model(batch).square().mean().backward()


def record_covariances(model, config, data):
    """Runs CorDA's preparation and keeps the covariance of each layer's inputs."""
    seen, collect = {}, corda.collect_eigens_for_layer

    def spy(layer, config):
        name = next(name for name, module in model.named_modules() if module is layer)
        seen[name] = layer.covariance_matrix.clone()
        return collect(layer, config)

    corda.collect_eigens_for_layer = spy
    with torch.no_grad():
        corda.preprocess_corda(model, config, lambda: [model(batch) for batch in data])
    corda.collect_eigens_for_layer = collect
    return seen


def write_case(case, fields, data):
    before = {name: value.clone() for name, value in stack().state_dict().items()}
    model, given = adapted(case, fields, data)
    tensors, layers = dict(given), {}
    for name in LAYERS:
        layer = getattr(model.base_model.model, name)
        if not hasattr(layer, "lora_A"):
            layers[name] = None
            continue
        tensors[f"{name}.lora_A"] = layer.lora_A["default"].weight
        tensors[f"{name}.lora_B"] = layer.lora_B["default"].weight
        tensors[f"{name}.residual"] = layer.base_layer.weight
        layers[name] = {"r": layer.r["default"], "scaling": layer.scaling["default"]}
        whole = layer.base_layer.weight + layer.get_delta_weight("default")
        if case == "orthogonal":
            assert layer.get_delta_weight("default").abs().max() < 1e-6
        assert golden.distance(whole, before[f"{name}.weight"]) < 1e-5, (case, name)
    golden.write_tensors(OUTPUT / f"{case}.safetensors", tensors)
    config = model.peft_config["default"]
    changed = {"rank_pattern": config.rank_pattern, "alpha_pattern": config.alpha_pattern,
               "target_modules": sorted(config.target_modules)}
    return {"config": {"r": 4, "lora_alpha": 6, "target_modules": LAYERS} | fields, "layers": layers, "after": changed}


def write_conversion(data):
    """PiSSA and OLoRA adapters, moved, saved as ordinary LoRA on the untouched weights, with the adapted output."""
    result = {}
    for kind in ("pissa", "olora"):
        golden.seed("inits", "conversion", kind)
        config = {"r": 2, "lora_alpha": 6, "target_modules": ["first", "third"], "init_lora_weights": kind}
        model = get_peft_model(stack(), LoraConfig(**config))
        folder = OUTPUT / f"{kind}-conversion"
        golden.save_adapter(model, folder / "initial")
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if parameter.requires_grad:
                    parameter.add_(randn(parameter.shape, 0.1, "inits", kind, name))
        golden.save_adapter(model, folder / "trained")
        with torch.no_grad():
            output = model(data[0])
        model.peft_config["default"].init_lora_weights = True
        model.save_pretrained(folder / "converted", path_initial_model_for_weight_conversion=str(folder / "initial"))
        golden.clean(folder)
        with torch.no_grad():
            again = PeftModel.from_pretrained(stack(), folder / "converted")(data[0])
        assert golden.distance(again, output) < 1e-5, kind
        golden.write_tensors(folder / "expected.safetensors", {"input": data[0], "output": output})
        result[kind] = config
    return result


def main():
    golden.check_versions()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    data = inputs()
    base = {f"base.{name}": value for name, value in stack().state_dict().items()}
    batches = {f"batch.{index}": batch for index, batch in enumerate(data)}
    golden.write_tensors(OUTPUT / "given.safetensors", base | batches)
    cases = {case: write_case(case, fields, data) for case, fields in CASES.items()}
    golden.write_table(OUTPUT / "cases.json", {"cases": cases, "conversions": write_conversion(data)})


if __name__ == "__main__":
    main()
