"""Writes qlora/: ten steps of LoRA, DoRA and AdaLoRA on bases that bitsandbytes keeps in few bits, and the first gradients.

Needs `pip install bitsandbytes==0.50.0`; runs on the CPU. Rows are whole blocks, for bitsandbytes reads others wrongly there.
"""

import math
import shutil

import bitsandbytes
import peft.tuners.lora.dora
import torch
from peft import get_peft_model, prepare_model_for_kbit_training
from peft.utils.integrations import dequantize_bnb_weight
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, LlamaConfig, LlamaForCausalLM

import golden
import make_training as training
from golden import ROOT

OUTPUT = ROOT / "qlora"
STEPS = 10
SETTINGS = training.DEFAULTS | {"learning_rate": 5e-3}


def dequantized(module):
    """As PEFT has it, which also moves the weight to where it is, and so loses the scales of eight-bit layers on the CPU."""
    return dequantize_bnb_weight(module.weight, getattr(module, "state", None))


peft.tuners.lora.dora.dequantize_module_weight = dequantized


def four_bits(nested, computing=torch.float32):
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=nested, bnb_4bit_compute_dtype=computing)


# name: (quantization, type that the model is loaded in)
BASES = {
    "nf4": (four_bits(False), torch.float32),
    "nf4-double": (four_bits(True), torch.float32),
    "int8": (BitsAndBytesConfig(load_in_8bit=True), torch.float32),
    # As QLoRA is usually run: products in bfloat16, all that is not quantized in float32.
    "nf4-double-bf16": (four_bits(True, torch.bfloat16), torch.bfloat16),
}
METHODS = {
    "lora": lambda: training.lora(r=2),
    "dora": lambda: training.lora(r=2, use_dora=True),
    "adalora": lambda: training.adalora(init_r=3, tinit=2, tfinal=2, deltaT=2, total_step=STEPS),
}


def make_base(folder):
    golden.seed("qlora", "base")
    config = LlamaConfig(
        vocab_size=64, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, tie_word_embeddings=False)
    model = LlamaForCausalLM(config)
    golden.randomize(model, "qlora", "base")
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)


def load(folder, base):
    quantization, dtype = BASES[base]
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=dtype, quantization_config=quantization, device_map="cpu")
    return prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)


def first_gradients(model, config, data):
    """Of the first step, under the names that PEFT saves the parameters with."""
    ids, mask, labels = training.batch(data, 0, SETTINGS["batch_size"])
    loss = training.summed_loss(model, ids, mask, labels) / int((labels[:, 1:] != -100).sum())
    if config.peft_type == "ADALORA":
        loss = loss + training.orthogonality(model, ids, mask, labels)
    loss.backward()
    gradients = {
        name.replace("_vector.default.weight", "_vector").replace(".default", ""): parameter.grad.clone()
        for name, parameter in model.named_parameters() if parameter.requires_grad}
    model.zero_grad()
    return gradients


def write_case(folder, base, method, data):
    config = METHODS[method]()
    golden.seed("qlora", method)
    model = load(folder, base)
    model.name_or_path = "qlora/base"
    model = get_peft_model(model, config)
    for name, parameter in model.named_parameters():
        # Beginnings of zero would hide half of the gradients.
        if parameter.requires_grad and ("lora_B" in name or "lora_E" in name):
            parameter.data = golden.randn(parameter.shape, 0.1, "qlora", method, name)
    model.train()
    case = OUTPUT / f"{base}-{method}"
    # Only DoRA's magnitudes depend on the base.
    initial = f"{base if method == 'dora' else 'initial'}-{method}"
    if not (OUTPUT / initial).exists():
        golden.save_adapter(model, OUTPUT / initial)
    golden.write_tensors(case / "gradients.safetensors", first_gradients(model, config, data))
    training.STEPS = STEPS
    records = training.train(model, config, SETTINGS, data)
    assert all(math.isfinite(record["loss"]) for record in records)
    run = {"model": "qlora/base", "initial": f"qlora/{initial}", "steps": STEPS} | SETTINGS
    golden.write_table(case / "run.json", run | {"trace": records})
    print(f"{case.name}: {records[0]['loss']:.4f} -> {records[-1]['loss']:.4f}", flush=True)


def main():
    golden.check_versions()
    assert bitsandbytes.__version__ == "0.50.0"
    shutil.rmtree(OUTPUT, ignore_errors=True)
    make_base(OUTPUT / "base")
    data = training.rows()
    for base in BASES:
        for method in METHODS if base != "nf4-double-bf16" else ["lora", "dora"]:
            write_case(OUTPUT / "base", base, method, data)


if __name__ == "__main__":
    main()
