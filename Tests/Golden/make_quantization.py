"""Writes quantization/: weights as bitsandbytes 0.50 keeps them on the CPU (needs `pip install bitsandbytes==0.50.0`)."""

import bitsandbytes
import bitsandbytes.functional as F
import torch
from safetensors.torch import save_file

from golden import ROOT, randn

OUTPUT = ROOT / "quantization"
SHAPES = {"even": (6, 64), "odd": (5, 7), "rest": (3, 70)}


def weights():
    for name, shape in SHAPES.items():
        yield name, randn(shape, 0.05, "quantization", name)
    zeros = randn((4, 64), 0.05, "quantization", "zeros")
    zeros[1] = 0
    yield "zeros", zeros
    yield "constant", torch.ones(4, 64)
    # More blocks than the 256 that share a scale of scales.
    yield "many", randn((130, 128), 0.05, "quantization", "many").to(torch.bfloat16)


def four_bits(weight, kind, block, nested):
    codes, state = F.quantize_4bit(weight, blocksize=block, compress_statistics=nested, quant_type=kind)
    tensors = {f"weight.{key}": value for key, value in state.as_dict(packed=True).items()}
    tensors = {"weight": codes, **tensors}
    if weight.numel() < 1000:
        tensors["dense"] = F.dequantize_4bit(codes, state)
        state.dtype = torch.bfloat16
        tensors["dense.bfloat16"] = F.dequantize_4bit(codes, state)
    return tensors


def eight_bits(weight):
    codes, scales, _ = F.int8_vectorwise_quant(weight.to(torch.float16))
    tensors = {"weight": codes, "SCB": scales}
    if weight.numel() < 1000:
        tensors["dense"] = F.int8_vectorwise_dequant(codes, scales)
    return tensors


def main():
    assert bitsandbytes.__version__ == "0.50.0"
    torch.set_num_threads(1)
    OUTPUT.mkdir(exist_ok=True)
    for name, weight in weights():
        tensors = {"original": weight}
        for kind in ["nf4", "fp4"]:
            for block in [32, 64] if name == "even" else [64]:
                for nested in [False, True]:
                    case = f"{kind}-{block}" + ("-nested" if nested else "")
                    tensors |= {f"{case}.{key}": value for key, value in four_bits(weight, kind, block, nested).items()}
        if name != "zeros":  # 0 / 0 becomes whatever the processor makes of it
            tensors |= {f"int8.{key}": value for key, value in eight_bits(weight).items()}
        tensors = {key: value.contiguous().clone() for key, value in tensors.items()}
        save_file(tensors, OUTPUT / f"{name}.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    main()
