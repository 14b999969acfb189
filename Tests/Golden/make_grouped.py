"""Writes quantization/stored/: weights as GPTQ, AWQ and float8 checkpoints store them, packed bit by bit in numpy."""

import numpy as np
import torch

from golden import ROOT, generator, randint, randn, write_tensors

OUTPUT = ROOT / "quantization" / "stored"
INPUTS, OUTPUTS = 64, 32
# bits, inputs in a group (-1: all), out of order, version of the format
GPTQ = [(bits, *rest) for bits in (2, 3, 4, 8) for rest in [(32, False, 1), (-1, False, 2), (16, True, 1)]]
GPTQ += [(4, 48, False, 1), (4, 32, True, 2)]
AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]


def stream(codes, bits):
    """Words of 32 bits that hold the codes one after the other, from the lowest bit on."""
    whole = 0
    for index, code in enumerate(codes):
        whole |= int(code) << (bits * index)
    return np.frombuffer(whole.to_bytes(len(codes) * bits // 8, "little"), dtype="<i4")


def numbers(high, shape, *names):
    return randint(0, high, shape, "grouped", *names).numpy()


def scales_of(shape, *names):
    return (randn(shape, 1.0, "grouped", *names).abs() * 0.02 + 0.01).to(torch.float16)


def gptq(bits, group, shuffled, version):
    name = f"gptq-{bits}-{group}-{'order' if shuffled else 'plain'}-v{version}"
    size = INPUTS if group == -1 else group
    count = -(-INPUTS // size)
    codes, scales = numbers(1 << bits, (INPUTS, OUTPUTS), name, "codes"), scales_of((count, OUTPUTS), name, "scales")
    # The first version stores zeros less one, so that it has no zero of 0.
    zeros = numbers(1 << bits, (count, OUTPUTS), name, "zeros") + (1 if version == 1 else 0)
    index = np.arange(INPUTS) // size
    if shuffled:
        index = index[torch.randperm(INPUTS, generator=generator("grouped", name)).numpy()]
    dense = (codes - zeros[index]).astype(np.float32) * scales.float().numpy()[index]
    stored = zeros - (1 if version == 1 else 0)
    return name, {
        "qweight": np.stack([stream(column, bits) for column in codes.T], axis=1),
        "qzeros": np.stack([stream(row, bits) for row in stored]),
        "scales": scales, "g_idx": index.astype(np.int32), "dense": dense.T,
    }


def awq_words(codes):
    """A word for every eight columns; its halves of bytes hold them in AWQ's order."""
    words = np.zeros((codes.shape[0], codes.shape[1] // 8), np.uint32)
    for place, column in enumerate(AWQ_ORDER):
        words |= codes[:, column::8].astype(np.uint32) << np.uint32(4 * place)
    return words.view(np.int32)


def awq(group):
    name, size = f"awq-4-{group}", INPUTS if group == -1 else group
    codes, zeros = numbers(16, (INPUTS, OUTPUTS), name, "codes"), numbers(16, (INPUTS // size, OUTPUTS), name, "zeros")
    scales, index = scales_of(zeros.shape, name, "scales"), np.arange(INPUTS) // size
    dense = (codes - zeros[index]).astype(np.float32) * scales.float().numpy()[index]
    return name, {"qweight": awq_words(codes), "qzeros": awq_words(zeros), "scales": scales, "dense": dense.T}


def float8_values():
    """The value of every byte: a sign, four bits of exponent, three of mantissa; 0x7f is no number."""
    values = np.zeros(256, np.float32)
    for byte in range(256):
        exponent, mantissa = byte >> 3 & 15, byte & 7
        value = mantissa / 8 * 2.0**-6 if exponent == 0 else (1 + mantissa / 8) * 2.0 ** (exponent - 7)
        values[byte] = np.nan if byte & 0x7F == 0x7F else -value if byte & 0x80 else value
    return values


def float8(kind, shape, scale_name, scale_shape, block):
    name = f"float8-{kind}"
    codes = numbers(254, shape, name, "codes").astype(np.uint8)
    codes[codes == 0x7F] = 0
    scales = randn(scale_shape, 1.0, "grouped", name, "scales").abs() * 1e-3 + 1e-4
    rows, columns = np.arange(shape[0]) // block[0], np.arange(shape[1]) // block[1]
    spread = scales.numpy().reshape(-1, -(-shape[1] // block[1]))[rows][:, columns]
    dense = float8_values()[codes] * spread
    return name, {"weight": torch.from_numpy(codes).view(torch.float8_e4m3fn), scale_name: scales, "dense": dense}


def main():
    cases = [gptq(*case) for case in GPTQ] + [awq(16), awq(-1)]
    cases += [
        float8("tensor", (24, 40), "weight_scale_inv", (), (24, 40)),
        float8("rows", (24, 40), "weight_scale", (24, 1), (1, 40)),
        float8("blocks", (24, 40), "weight_scale_inv", (3, 3), (8, 16)),
        float8("usual", (130, 136), "weight_scale_inv", (2, 2), (128, 128)),
    ]
    for name, tensors in cases:
        write_tensors(OUTPUT / f"{name}.safetensors", {key: torch.as_tensor(np.array(value) if isinstance(value, np.ndarray) else value) for key, value in tensors.items()})


if __name__ == "__main__":
    main()
