"""Writes pickles/: files of torch.save in both layouts, and files that must be refused."""

import collections
import io
import os
import pickle
import shutil
import zipfile

import torch

import golden
from golden import ROOT, randn

OUTPUT = ROOT / "pickles"


class Evil:
    def __reduce__(self):
        return (os.system, ("touch /tmp/swift-peft-was-here",))


class EvilNumpy:
    def __reduce__(self):
        return (getattr, ("", "join"))


def tensors():
    """Tensors of many types; two share a storage, one is transposed, one a parameter, one empty."""
    whole = randn((6, 4), 1.0, "pickles", "whole")
    state = collections.OrderedDict()
    state["base_model.model.first.lora_A.weight"] = whole
    state["view"] = whole[2:4]
    state["transposed"] = randn((3, 5), 1.0, "pickles", "transposed").t()
    state["half"] = randn((4,), 1.0, "pickles", "half").half()
    state["bfloat"] = randn((4,), 1.0, "pickles", "bfloat").bfloat16()
    state["double"] = randn((2, 2, 2), 1.0, "pickles", "double").double()
    state["integers"] = torch.arange(-3, 4)
    state["flags"] = torch.tensor([True, False, True])
    state["scalar"] = torch.tensor(2.5)
    state["empty"] = torch.zeros(0, 3)
    state["parameter"] = torch.nn.Parameter(randn((2, 3), 1.0, "pickles", "parameter"))
    return state


def save(name, value, **options):
    torch.save(value, OUTPUT / name, **options)


def main():
    golden.check_versions()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir()
    state = tensors()
    nested = {"model": state, "step": 7, "rate": 0.5, "name": "run", "list": [1, (2, 3)], "none": None,
              "big": 2**100, "set": {1, 2}}
    save("archive.bin", state)
    save("sequence.bin", state, _use_new_zipfile_serialization=False)
    save("nested.bin", nested)
    save("nested-sequence.bin", nested, _use_new_zipfile_serialization=False)
    for protocol in (3, 4):
        save(f"protocol-{protocol}.bin", state, pickle_protocol=protocol)
    save("evil.bin", {"a": torch.zeros(2), "b": Evil()})
    save("evil-sequence.bin", {"a": torch.zeros(2), "b": Evil()}, _use_new_zipfile_serialization=False)
    save("evil-builtin.bin", {"b": EvilNumpy()})
    save("evil-module.bin", torch.nn.Linear(2, 2))
    (OUTPUT / "plain.bin").write_bytes(pickle.dumps({"a": 1}))
    buffer = io.BytesIO()
    torch.save(state, buffer)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(OUTPUT / "compressed.bin", "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            target.writestr(info.filename, source.read(info.filename))
    golden.write_tensors(OUTPUT / "expected.safetensors", {
        name: value.detach().contiguous() for name, value in state.items()})
    print(len(list(OUTPUT.iterdir())), "files")


if __name__ == "__main__":
    main()
