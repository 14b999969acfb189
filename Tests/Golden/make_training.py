"""Writes training/: twenty steps of every kind of fine-tuning, step for step, from saved initial adapters."""

import json
import shutil

import peft.optimizers.lorafa
import torch
from peft import (
    AdaLoraConfig, IA3Config, LNTuningConfig, LoraConfig, PrefixTuningConfig, PromptEncoderConfig,
    PromptTuningConfig, get_peft_model,
)
from peft.optimizers import create_lorafa_optimizer, create_loraplus_optimizer
from torch.nn.functional import cross_entropy
from transformers import get_scheduler

import golden
from golden import ROOT, load_model, randint, randn

OUTPUT = ROOT / "training"
STEPS = 20
LENGTHS = [9, 4, 17, 6, 12, 3, 8, 15, 5, 11, 7, 14, 10, 3, 16, 6, 13, 9, 4, 12, 8, 5]
# LoRA-FA's optimizer would round its gradients to bfloat16 on a CPU that has it; the reference is float32.
peft.optimizers.lorafa.is_bf16_available = lambda *_: False


def lora(**fields):
    defaults = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj", "down_proj"]}
    return LoraConfig(**defaults | {"task_type": "CAUSAL_LM"} | fields)


def adalora(**fields):
    defaults = {"init_r": 4, "target_r": 2, "total_step": STEPS, "lora_alpha": 8}
    return AdaLoraConfig(task_type="CAUSAL_LM", target_modules=["q_proj", "v_proj", "down_proj"], **defaults | fields)


DEFAULTS = {"batch_size": 4, "gradient_accumulation": 1, "learning_rate": 5e-3, "scheduler": "constant",
            "warmup_steps": 0, "weight_decay": 0.0, "max_grad_norm": 0.0, "optimizer": "adamw"}

# case: (model, configuration or None for full fine-tuning, settings that differ from the defaults)
CASES = {
    "lora": ("llama", lora(), {}),
    "lora-all-linear": ("llama", lora(target_modules="all-linear", r=3), {}),
    "lora-clip": ("llama", lora(), {"max_grad_norm": 1.0}),
    "lora-accumulate": ("llama", lora(), {"batch_size": 3, "gradient_accumulation": 2}),
    "lora-accumulate-clip": ("llama", lora(), {"batch_size": 2, "gradient_accumulation": 2, "max_grad_norm": 1.0}),
    "lora-linear": ("llama", lora(), {"scheduler": "linear", "warmup_steps": 4}),
    "lora-cosine": ("llama", lora(), {"scheduler": "cosine", "warmup_steps": 3}),
    "lora-constant-warmup": ("llama", lora(), {"warmup_steps": 5}),
    "lora-decay": ("llama", lora(), {"weight_decay": 0.1, "learning_rate": 1e-2}),
    "lora-plus": ("llama", lora(), {"optimizer": "lora-plus", "loraplus_lr_ratio": 4.0, "learning_rate": 1e-3}),
    "lora-fa": ("llama", lora(), {"optimizer": "lora-fa"}),
    "lora-bias-all": ("llama-bias", lora(bias="all", lora_bias=True, target_modules=["q_proj", "up_proj"]), {}),
    "lora-embedding": ("llama", lora(target_modules=["embed_tokens", "lm_head", "v_proj"]), {}),
    "lora-qwen2": ("qwen2", lora(target_modules=["q_proj", "k_proj", "gate_proj"]), {}),
    "lora-mistral": ("mistral", lora(), {}),
    "lora-bf16": ("llama-bf16", lora(), {}),
    "rslora": ("llama", lora(use_rslora=True, lora_alpha=4), {}),
    "modules-to-save": ("llama", lora(modules_to_save=["lm_head", "norm"]), {}),
    "token-indices": ("llama", lora(trainable_token_indices=[3, 10, 25]), {}),
    "dora": ("llama", lora(use_dora=True), {}),
    "pissa": ("llama", lora(init_lora_weights="pissa"), {}),
    "pissa-dora": ("llama", lora(init_lora_weights="pissa", use_dora=True), {"max_grad_norm": 1.0}),
    "olora": ("llama", lora(init_lora_weights="olora", use_rslora=True), {"learning_rate": 1e-3}),
    "mica": ("llama", lora(init_lora_weights="mica", target_modules=["q_proj", "embed_tokens"]), {}),
    "dora-clip": ("llama", lora(use_dora=True, target_modules="all-linear", r=2), {"max_grad_norm": 1.0}),
    "adalora": ("llama", adalora(tinit=3, tfinal=5, deltaT=2), {"learning_rate": 1e-2}),
    "adalora-every-step": ("llama", adalora(tinit=1, tfinal=1, deltaT=1), {"learning_rate": 1e-2}),
    "adalora-sparse": ("llama", adalora(tinit=4, tfinal=4, deltaT=5, orth_reg_weight=0.1, beta1=0.7, beta2=0.9),
                       {"learning_rate": 1e-2, "max_grad_norm": 1.0}),
    "ia3": ("llama", IA3Config(task_type="CAUSAL_LM", target_modules=["k_proj", "v_proj", "down_proj"],
                               feedforward_modules=["down_proj"]), {"learning_rate": 1e-2}),
    "ln-tuning": ("llama", LNTuningConfig(task_type="CAUSAL_LM"), {"learning_rate": 1e-2}),
    "prompt": ("llama", PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3), {"learning_rate": 1e-2}),
    "prefix": ("llama", PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3), {"learning_rate": 1e-2}),
    "prefix-projection": ("llama", PrefixTuningConfig(
        task_type="CAUSAL_LM", num_virtual_tokens=3, prefix_projection=True, encoder_hidden_size=12), {}),
    "p-tuning": ("llama", PromptEncoderConfig(
        task_type="CAUSAL_LM", num_virtual_tokens=3, encoder_hidden_size=12), {"learning_rate": 1e-2}),
    "p-tuning-lstm": ("llama", PromptEncoderConfig(
        task_type="CAUSAL_LM", num_virtual_tokens=3, encoder_hidden_size=12, encoder_num_layers=1,
        encoder_reparameterization_type="LSTM"), {"learning_rate": 1e-2}),
    "full": ("llama", None, {"learning_rate": 1e-3}),
    "full-tied": ("qwen2", None, {"learning_rate": 1e-3, "max_grad_norm": 1.0}),
}
ENLARGED = {"adalora-every-step", "adalora-sparse"}


def rows():
    """Tokenized rows of varied lengths: without labels, with masked beginnings, and with holes."""
    result = []
    for index, length in enumerate(LENGTHS):
        ids = randint(3, 64, (length,), "training", index).tolist()
        labels = [-100 if i < length // 3 or (index % 4 == 3 and i % 3 == 0) else token for i, token in enumerate(ids)]
        result.append({"input_ids": ids} if index % 3 == 0 else {"input_ids": ids, "labels": labels})
    return result


def batch(data, start, count):
    """`count` rows from `start`, wrapping around, padded on the right."""
    chosen = [data[(start + i) % len(data)] for i in range(count)]
    width = max(len(row["input_ids"]) for row in chosen)
    ids = torch.zeros(count, width, dtype=torch.int64)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
    for i, row in enumerate(chosen):
        length = len(row["input_ids"])
        ids[i, :length], mask[i, :length] = torch.tensor(row["input_ids"]), 1
        labels[i, :length] = torch.tensor(row.get("labels", row["input_ids"]))
    return ids, mask, labels


def led(config, labels):
    """The labels as PEFT sees them: virtual tokens of the input carry none, but the last of them tells the first token."""
    count = config.num_virtual_tokens if isinstance(config, (PromptTuningConfig, PromptEncoderConfig)) else 0
    return torch.nn.functional.pad(labels, (count, 0), value=-100)


def summed_loss(model, ids, mask, labels):
    """Cross entropy summed over the targets."""
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits.float()
    return cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), reduction="sum")


def orthogonality(model, ids, mask, labels):
    """The weighted term that PEFT's AdaLoRA adds to a loss, taken from the model's own objective."""
    outputs = model(input_ids=ids, attention_mask=mask, labels=labels, use_cache=False)
    plain = cross_entropy(outputs.logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
    return outputs.loss - plain


def make_optimizer(model, config, settings):
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    rate, decay = settings["learning_rate"], settings["weight_decay"]
    if settings["optimizer"] == "lora-plus":
        ratio = settings["loraplus_lr_ratio"]
        return create_loraplus_optimizer(
            model, torch.optim.AdamW, lr=rate, loraplus_lr_ratio=ratio, loraplus_weight_decay=decay, eps=1e-8)
    if settings["optimizer"] == "lora-fa":
        return create_lorafa_optimizer(model, r=config.r, lora_alpha=config.lora_alpha, lr=rate, weight_decay=decay)
    return torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.999), eps=1e-8, weight_decay=decay)


def make_schedule(optimizer, settings):
    name, warmup = settings["scheduler"], settings["warmup_steps"]
    name = "constant_with_warmup" if name == "constant" else name
    return get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=STEPS)


def allocate(model, step, config, record):
    """AdaLoRA's allocation after an optimizer step, with what it decided added to the step's record."""
    model.base_model.update_and_allocate(step)
    allocator = model.base_model.rankallocator
    record["budget"] = allocator.budget_schedule(step)[0]
    record["rank_pattern_sum"] = sum(map(sum, config.rank_pattern.values())) if config.rank_pattern else None
    values = {name: value for name, value in model.named_parameters() if "lora_E" in name}
    record["nonzero_e"] = sum(int((value != 0).sum()) for value in values.values())


def train(model, config, settings, data):
    """Runs the steps and returns one record for each; a step's loss is the mean over all its targets."""
    optimizer = make_optimizer(model, config, settings)
    schedule = make_schedule(optimizer, settings)
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    size, micro = settings["batch_size"], settings["gradient_accumulation"]
    is_adalora, records = isinstance(config, AdaLoraConfig), []
    for step in range(STEPS):
        batches = [batch(data, (step * micro + part) * size, size) for part in range(micro)]
        batches = [(ids, mask, led(config, labels)) for ids, mask, labels in batches]
        targets = sum(int((labels[:, 1:] != -100).sum()) for _, _, labels in batches)
        record = {"step": step + 1, "learning_rate": optimizer.param_groups[0]["lr"], "loss": 0.0}
        for ids, mask, labels in batches:
            loss = summed_loss(model, ids, mask, labels) / targets
            record["loss"] += loss.item()
            if is_adalora:
                extra = orthogonality(model, ids, mask, labels)
                record["regularization"] = extra.item()
                loss = loss + extra
            loss.backward()
        limit = settings["max_grad_norm"] or float("inf")
        record["grad_norm"] = torch.nn.utils.clip_grad_norm_(trainable, limit).item()
        record["targets"] = targets
        optimizer.step()
        schedule.step()
        if is_adalora:
            allocate(model, step + 1, config, record)
        optimizer.zero_grad()
        records.append(record)
    return records


def enlarge(model, case):
    """Gives AdaLoRA's triplets values that matter from the first step on, where it starts with all E at zero."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad and "ranknum" not in name:
                parameter.copy_(randn(parameter.shape, 0.25, "training", case, name))


def save_encoder(model, folder):
    """The network that makes a soft prompt, which PEFT does not save, as this library keeps it."""
    encoder = getattr(model, "prompt_encoder", {"default": None})["default"]
    state = encoder.state_dict() if encoder is not None else {}
    if len(state) > 1:
        golden.write_tensors(folder / "prompt_encoder.safetensors", state)


def write_case(case, data, seen, model_name, config, changes):
    folder = OUTPUT / case
    settings = DEFAULTS | changes
    key = f"{model_name} {json.dumps(config and config.to_dict(), default=sorted, sort_keys=True)}"
    golden.seed("training", key)
    model = load_model(model_name)
    model.name_or_path = f"models/{model_name}"
    if config is not None:
        model = get_peft_model(model, config)
        if case in ENLARGED:
            enlarge(model, case)
        if key not in seen:
            seen[key] = f"{case}/initial"
            golden.save_adapter(model, OUTPUT / seen[key])
            save_encoder(model, OUTPUT / seen[key])
    records = train(model.train(), config, settings, data)
    if config is not None:
        golden.save_adapter(model, folder / "final")
    ids, mask, _ = batch(data, 0, 1)
    with torch.no_grad():
        logits = model.eval()(input_ids=ids, attention_mask=mask, use_cache=False).logits.float()
    golden.write_tensors(folder / "expected.safetensors", {"logits": logits})
    run = {"model": model_name, "initial": seen.get(key), "steps": STEPS} | settings
    golden.write_table(folder / "run.json", run | {"trace": records})
    first, last = records[0], records[-1]
    print(f"{case}: {first['loss']:.4f} -> {last['loss']:.4f}, norm {first['grad_norm']:.2f} {last['grad_norm']:.2f}")


def main():
    golden.check_versions()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    data = rows()
    golden.write_jsonl(OUTPUT / "rows.jsonl", data)
    seen = {}
    for case, (model_name, config, changes) in CASES.items():
        write_case(case, data, seen, model_name, config, changes)


if __name__ == "__main__":
    main()
