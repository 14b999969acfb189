"""Writes layers/: every method on every kind of layer: outputs, all gradients, merged weights and saved names."""

import shutil

import torch
from peft import AdaLoraConfig, IA3Config, LoraConfig, get_peft_model, get_peft_model_state_dict
from torch import nn
from transformers.pytorch_utils import Conv1D

import golden
from golden import ROOT, randn

OUTPUT = ROOT / "layers"


class Single(nn.Module):
    """A model whose only layer is called `layer`."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, *inputs):
        output = self.layer(*inputs)
        return output[0] if isinstance(output, tuple) else output


class Experts(nn.Module):
    """A mixture's two batched weights, as parameters of one module: [experts, in, out]."""

    def __init__(self):
        super().__init__()
        self.gate_up_proj = nn.Parameter(torch.zeros(3, 6, 10))
        self.down_proj = nn.Parameter(torch.zeros(3, 5, 6))

    def forward(self, x):
        gate, up = torch.bmm(x, self.gate_up_proj).chunk(2, dim=-1)
        return torch.bmm(up * torch.sigmoid(gate), self.down_proj)


class Attention(nn.MultiheadAttention):
    """Self-attention of one input."""

    def forward(self, x, *rest, **named):
        return super().forward(x, *(rest or (x, x)), **named)


# kind: (module, its arguments as JSON, input shape; an integer first entry in a tuple means token ids below it)
LAYERS = {
    "linear": (nn.Linear, {"in_features": 6, "out_features": 9}, (2, 3, 6)),
    "linear-no-bias": (nn.Linear, {"in_features": 7, "out_features": 5, "bias": False}, (4, 7)),
    "hf-conv1d": (Conv1D, {"nf": 9, "nx": 6}, (2, 3, 6)),
    "embedding": (nn.Embedding, {"num_embeddings": 11, "embedding_dim": 6}, ("ids", 2, 5)),
    "embedding-padding": (nn.Embedding, {"num_embeddings": 11, "embedding_dim": 6, "padding_idx": 2}, ("ids", 2, 5)),
    "conv1d": (nn.Conv1d, {"in_channels": 4, "out_channels": 6, "kernel_size": 3, "stride": 2, "padding": 1},
               (2, 4, 9)),
    "conv2d": (nn.Conv2d, {"in_channels": 3, "out_channels": 4, "kernel_size": 3, "padding": 1}, (2, 3, 5, 6)),
    "conv2d-stride": (nn.Conv2d, {"in_channels": 3, "out_channels": 4, "kernel_size": [3, 2], "stride": [2, 1],
                                  "padding": [1, 0], "bias": False}, (2, 3, 7, 5)),
    "conv2d-1x1": (nn.Conv2d, {"in_channels": 4, "out_channels": 6, "kernel_size": 1}, (2, 4, 3, 3)),
    "conv2d-groups": (nn.Conv2d, {"in_channels": 4, "out_channels": 6, "kernel_size": 3, "padding": 1, "groups": 2},
                      (2, 4, 5, 5)),
    "conv2d-dilation": (nn.Conv2d, {"in_channels": 3, "out_channels": 4, "kernel_size": 3, "padding": 2,
                                    "dilation": 2}, (2, 3, 6, 6)),
    "conv2d-reflect": (nn.Conv2d, {"in_channels": 3, "out_channels": 4, "kernel_size": 3, "padding": 1,
                                   "padding_mode": "reflect"}, (2, 3, 5, 5)),
    "conv3d": (nn.Conv3d, {"in_channels": 2, "out_channels": 3, "kernel_size": 2, "stride": 2}, (1, 2, 4, 4, 2)),
    "attention": (Attention, {"embed_dim": 8, "num_heads": 2, "batch_first": True}, (2, 4, 8)),
    "experts": (Experts, {}, (3, 4, 6)),
}


def lora(**fields):
    return LoraConfig, {"r": 2, "lora_alpha": 3, "target_modules": ["layer"]} | fields


def experts(*names, **fields):
    return lora(target_modules=[], target_parameters=[f"layer.{name}" for name in names], **fields)


METHODS = {
    "lora": lora(), "rslora": lora(use_rslora=True, r=3), "lora-bias": lora(lora_bias=True),
    "dora": lora(use_dora=True),
    "dora-rslora": lora(use_dora=True, use_rslora=True, r=3),
    "adalora": (AdaLoraConfig, {"init_r": 3, "target_r": 2, "total_step": 10, "lora_alpha": 5,
                                "target_modules": ["layer"]}),
    "ia3": (IA3Config, {"target_modules": ["layer"], "feedforward_modules": []}),
    "ia3-feedforward": (IA3Config, {"target_modules": ["layer"], "feedforward_modules": ["layer"]}),
    "one-parameter": experts("gate_up_proj"), "two-parameters": experts("gate_up_proj", "down_proj"),
}
CONVOLUTIONS = [kind for kind in LAYERS if kind.startswith("conv")]
# PEFT drops dilation and padding mode from lora_A: there the truth is the layer with the weight W + delta.
DENSE_TRUTH = {"conv2d-dilation", "conv2d-reflect"}
MATRIX = {
    "lora": ["linear", "linear-no-bias", "hf-conv1d", "embedding", "embedding-padding", "attention", *CONVOLUTIONS],
    "rslora": ["linear", "hf-conv1d", "embedding", "conv2d"],
    "lora-bias": ["linear", "hf-conv1d", "conv2d"],
    "dora": ["linear", "linear-no-bias", "hf-conv1d", "embedding", "conv1d", "conv2d", "conv2d-stride", "conv3d"],
    "dora-rslora": ["linear", "conv2d-1x1"],
    "adalora": ["linear", "linear-no-bias", "hf-conv1d", "conv2d", "conv2d-stride"],
    "ia3": ["linear", "linear-no-bias", "hf-conv1d", "conv2d", "conv3d"],
    "ia3-feedforward": ["linear", "hf-conv1d", "conv2d-stride"],
    "one-parameter": ["experts"], "two-parameters": ["experts"],
}
HALF = [("lora", "linear"), ("lora", "conv2d"), ("lora", "embedding"), ("dora", "linear"), ("dora", "conv2d"),
        ("adalora", "linear"), ("ia3", "linear")]
DROPOUT = [("lora", "linear"), ("lora", "conv2d"), ("dora", "linear"), ("dora", "hf-conv1d"), ("dora", "conv2d"),
           ("adalora", "linear")]


class FixedDropout(nn.Module):
    """Dropout by a known mask, already divided by the probability of being kept."""

    def __init__(self, mask):
        super().__init__()
        self.mask = mask

    def forward(self, x):
        return x * self.mask


def base_model(case, kind):
    """The layer with random weights, and a random input for it."""
    build, arguments, shape = LAYERS[kind]
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in arguments.items()}
    golden.seed("layers", case)
    model = Single(build(**plain))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(randn(parameter.shape, 0.5, "layers", kind, name))
    if shape[0] == "ids":
        ids = golden.randint(0, arguments["num_embeddings"], shape[1:], "layers", kind, "input")
        ids.view(-1)[0] = 2  # the padding index of the layer that has one
        return model, ids
    return model, randn(shape, 1.0, "layers", kind, "input")


def randomize(model, case):
    """Random values for what is trained; magnitudes and IA3's vectors stay near their meaning."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not parameter.requires_grad or "ranknum" in name:
                continue
            noise = randn(parameter.shape, 1.0, "layers", case, name).to(parameter.dtype)
            if "magnitude" in name or "ia3" in name:
                parameter.mul_(1 + 0.3 * noise)
            else:
                parameter.copy_(0.4 * noise)


def dense_output(model, x):
    """The layer run with W + delta, differentiable in the adapter: exact where PEFT's own forward is not."""
    layer = model.base_model.model.layer
    base = layer.base_layer
    delta = torch.einsum("or,ri...->oi...", layer.lora_B["default"].weight.flatten(1), layer.lora_A["default"].weight)
    return torch.func.functional_call(base, {"weight": base.weight + layer.scaling["default"] * delta}, (x,))


def run(model, kind, x, dense):
    """Output and gradients for a given upstream gradient, keyed as PEFT saves the parameters."""
    inputs = x if kind.startswith("embedding") else x.clone().requires_grad_(True)
    output = dense_output(model, inputs) if dense else model(inputs)
    upstream = randn(output.shape, 1.0, "layers", kind, "upstream").to(output.dtype)
    output.backward(upstream)
    tensors = {"input": x, "output": output, "upstream": upstream}
    if inputs.requires_grad:
        tensors["gradient.input"] = inputs.grad
    gradients = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}
    values = dict(model.named_parameters())
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    for key, saved in state.items():
        tensors[f"state.{key}"] = saved
        name = next(name for name, value in values.items() if value.data_ptr() == saved.data_ptr())
        tensors[f"gradient.{key}"] = gradients[name]
    return tensors


def merged(model, kind, x):
    """The merged layer's weights, and its output where it is worth comparing."""
    result = model.merge_and_unload()
    tensors = {f"merged.{name}": parameter for name, parameter in result.layer.named_parameters()}
    with torch.no_grad():
        tensors["merged.output"] = result(x)
    return tensors


def write_case(case, method, kind, dtype=torch.float32, dropout=False):
    model, x = base_model(case, kind)
    model = model.to(dtype)
    x = x.to(dtype) if x.is_floating_point() else x
    base = {f"base.{name}": value.detach().clone() for name, value in model.layer.state_dict().items()}
    config_type, fields = METHODS[method]
    model = get_peft_model(model, config_type(**fields))
    randomize(model, case)
    dense, tensors = kind in DENSE_TRUTH, dict(base)
    if dropout:
        mask = (torch.rand(x.shape, generator=golden.generator("layers", case, "mask")) > 0.3).to(dtype) / 0.7
        model.base_model.model.layer.lora_dropout["default"] = FixedDropout(mask)
        tensors["dropout.mask"] = mask
    tensors |= run(model.train(), kind, x, dense)
    groups = LAYERS[kind][1].get("groups", 1) > 1
    if not groups and not dense and not dropout:
        tensors |= merged(model.eval(), kind, x)
    if dense:
        layer = model.base_model.model.layer
        tensors["merged.weight"] = layer.base_layer.weight + layer.get_delta_weight("default")
    golden.write_tensors(OUTPUT / f"{case}.safetensors", tensors)
    return {"method": method, "layer": LAYERS[kind][0].__name__, "arguments": LAYERS[kind][1],
            "config": {"peft_type": config_type(**fields).peft_type.value} | fields,
            "dtype": str(dtype).removeprefix("torch."), "dropout": dropout,
            "truth": "dense weight" if dense else "PEFT"}


def main():
    golden.check_versions()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    cases = {}
    for method, kinds in MATRIX.items():
        for kind in kinds:
            cases[f"{method}.{kind}"] = write_case(f"{method}.{kind}", method, kind)
    for method, kind in HALF:
        case = f"{method}.{kind}.bf16"
        cases[case] = write_case(case, method, kind, dtype=torch.bfloat16)
    for method, kind in DROPOUT:
        case = f"{method}.{kind}.dropout"
        cases[case] = write_case(case, method, kind, dropout=True)
    golden.write_table(OUTPUT / "cases.json", cases)
    print(len(cases), "layers")


if __name__ == "__main__":
    main()
