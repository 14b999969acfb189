"""Writes quantization/loftq.safetensors: LoftQ's factors and rounded weights, for bases kept in few bits. Needs bitsandbytes."""

import inspect

import bitsandbytes
import torch
from peft.utils import loftq_utils

import golden
from golden import ROOT, randn

OUTPUT = ROOT / "quantization"
RANK = 6


def on_the_cpu(name):
    """PEFT's function with the one device that it knows replaced."""
    function = getattr(loftq_utils, name)
    source = inspect.getsource(function).replace('"cuda"', '"cpu"')
    scope = dict(vars(loftq_utils), clear_device_cache=lambda: None)
    exec(compile(source, name, "exec"), scope)
    return scope[name]


def main():
    golden.check_versions()
    assert bitsandbytes.__version__.startswith("0.50"), bitsandbytes.__version__
    init, repair = on_the_cpu("loftq_init"), on_the_cpu("_loftq_init_new")
    weight = randn((48, 64), 0.05, "loftq", "weight")
    # A few large values, as real weights have them.
    weight[::7, ::11] *= 6
    tensors = {"weight": weight}
    for iterations in (1, 5):
        rounded, a, b = init(weight, 4, RANK, iterations)
        tensors |= {f"nf4-{iterations}.rounded": rounded, f"nf4-{iterations}.A": a, f"nf4-{iterations}.B": b}
    for nested in (False, True):
        stored = bitsandbytes.nn.Params4bit(
            weight.clone(), requires_grad=False, compress_statistics=nested, quant_type="nf4").to("cpu")
        a, b = repair(stored, weight, 4, RANK)
        name = "repair-nested" if nested else "repair"
        dense = bitsandbytes.functional.dequantize_4bit(stored.data, stored.quant_state)
        tensors |= {f"{name}.rounded": dense, f"{name}.A": a, f"{name}.B": b}
    golden.write_tensors(OUTPUT / "loftq.safetensors", {key: value.detach() for key, value in tensors.items()})
    print({key: tuple(value.shape) for key, value in tensors.items()})


if __name__ == "__main__":
    main()
