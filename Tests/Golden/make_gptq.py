"""Writes quantization/calibrated/: weights rounded by GPTQ, written down anew in numpy from the recursion of the paper.

Columns are taken one at a time and H^-1 is shrunk by Gaussian elimination after each (equations 2 and 3 of Frantar et al.
2022), in float64: no Cholesky factor, no blocks of columns, nothing put off.
"""

import numpy as np

from golden import ROOT, randn, write_tensors

OUTPUT = ROOT / "quantization" / "calibrated"
INPUTS, OUTPUTS, ROWS = 160, 32, 400
# bits, inputs in a group (-1: all), symmetric, by activations
CASES = [(2, 32, False, True), (3, 32, False, False), (4, 32, True, True), (4, -1, False, True), (8, 32, False, True)]


def grid(values, bits, symmetric):
    """Scale and zero of each row of values, as the checkpoint can keep them."""
    top = 2**bits - 1
    low, high = np.minimum(values.min(1), 0), np.maximum(values.max(1), 0)
    span = 2 * np.abs(values).max(1) if symmetric else high - low
    scale = (span.astype(np.float32) / np.float32(top)).astype(np.float16).astype(np.float64)
    zero = np.full(len(values), (top + 1) / 2) if symmetric else np.clip(np.round(-low / scale), 1, top)
    return scale, zero


def gptq(weight, hessian, bits, group, symmetric, ordered):
    """Codes [out, in] and the dense values that are left; groups go by the order in which columns are taken."""
    inputs = weight.shape[1]
    size = inputs if group == -1 else group
    order = np.argsort(-np.diag(hessian)) if ordered else np.arange(inputs)
    rest, hessian = weight[:, order].copy(), hessian[np.ix_(order, order)]
    inverse = np.linalg.inv(hessian + 0.01 * np.diag(hessian).mean() * np.eye(inputs))
    codes, dense = np.zeros_like(rest), np.zeros_like(rest)
    for column in range(inputs):
        if column % size == 0:
            scale, zero = grid(rest[:, column:column + size], bits, symmetric)
        codes[:, column] = np.clip(np.round(rest[:, column] / scale) + zero, 0, 2**bits - 1)
        dense[:, column] = (codes[:, column] - zero) * scale
        error = (rest[:, column] - dense[:, column]) / inverse[column, column]
        rest[:, column:] -= np.outer(error, inverse[column, column:])
        inverse -= np.outer(inverse[:, column], inverse[column]) / inverse[column, column]
    groups = np.empty(inputs, np.int32)
    groups[order] = np.arange(inputs) // size
    back = np.argsort(order)
    return codes[:, back].astype(np.uint8), dense[:, back], groups


def main():
    # Inputs that go together, some of them large: what rounding to the nearest does not look at.
    mixing, sizes = randn((INPUTS, INPUTS), 0.1, "gptq", "mixing"), randn((INPUTS,), 1.0, "gptq", "sizes").exp()
    inputs = ((randn((ROWS, INPUTS), 1.0, "gptq", "inputs") @ mixing) * sizes).numpy()
    weight = randn((OUTPUTS, INPUTS), 0.05, "gptq", "weight").numpy()
    hessian = inputs.T.astype(np.float64) @ inputs.astype(np.float64)
    write_tensors(OUTPUT / "given.safetensors", {"weight": weight, "hessian": hessian.astype(np.float32)})
    for bits, group, symmetric, ordered in CASES:
        codes, dense, groups = gptq(weight.astype(np.float64), hessian, bits, group, symmetric, ordered)
        difference = dense - weight
        error = np.sqrt(np.trace(difference @ hessian @ difference.T) / np.trace(weight @ hessian @ weight.T))
        name = f"{bits}-{group}-{'symmetric' if symmetric else 'free'}-{'ordered' if ordered else 'plain'}"
        print(f"{name}: outputs off by {error:.4f}")
        write_tensors(OUTPUT / f"{name}.safetensors", {
            "codes": codes, "dense": dense.astype(np.float32), "groups": groups, "error": np.float64(error)})


if __name__ == "__main__":
    main()
