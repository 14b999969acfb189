"""The reference side of a trial: transformers and PEFT on the same files."""

import json
import re
import shutil
import warnings

import peft
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
warnings.filterwarnings("ignore")

CONFIGS = {
    "lora": peft.LoraConfig, "dora": peft.LoraConfig, "adalora": peft.AdaLoraConfig, "ia3": peft.IA3Config,
    "ln-tuning": peft.LNTuningConfig, "prompt": peft.PromptTuningConfig, "prefix": peft.PrefixTuningConfig,
}


def load(folder):
    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype="auto").eval()


def write_model(folder, config, seed):
    """A checkpoint with random weights that are large enough for every option to show in the logits."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    random = torch.Generator().manual_seed(seed)
    model = transformers.AutoModelForCausalLM.from_config(transformers.AutoConfig.from_pretrained(folder))
    state = {}
    for name, value in model.state_dict().items():
        noise = torch.randn(value.shape, generator=random)
        if name.endswith("bias"):
            noise = 0.1 * noise
        elif value.dim() == 1:
            noise = 1 + 0.2 * noise
        else:
            noise = noise * (0.3 if "embed" in name else 1.2 / value.shape[-1] ** 0.5)
        state[name] = noise.to(getattr(torch, config["torch_dtype"]))
    if config["tie_word_embeddings"]:
        del state["lm_head.weight"]
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})


def adapt(model, method, fields, seed):
    """The model with an adapter as PEFT initialises it."""
    torch.manual_seed(seed)
    adapted = peft.get_peft_model(model, CONFIGS[method](**fields)).eval()
    for name, value in adapted.named_parameters():
        if "ranknum" in name:  # on a half-precision base PEFT trains this constant, and then does not save it
            value.requires_grad_(False)
    return adapted


def perturb(model, seed):
    """Moves what is trained away from its initial value, so that no adapter is an identity."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if not value.requires_grad or "ranknum" in name:
                continue
            noise = torch.randn(value.shape, generator=random).to(value.dtype)
            if "magnitude" in name or "ia3" in name:
                value.mul_(1 + 0.2 * noise)
            elif "lora_" in name and "bias" not in name:
                value.copy_(0.2 * noise)
            else:
                value.add_(0.1 * noise)


def save(model, folder):
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)


def load_adapted(model_folder, adapter_folder):
    return peft.PeftModel.from_pretrained(load(model_folder), adapter_folder)


def combine(model_folder, adapters, options):
    """The model with the adapters combined as PEFT does it."""
    model = peft.PeftModel.from_pretrained(load(model_folder), adapters[0], adapter_name="first")
    model.load_adapter(adapters[1], adapter_name="second")
    model.add_weighted_adapter(["first", "second"], adapter_name="combined", **options)
    model.set_adapter("combined")
    return model.eval()


def write_config(method, fields, path):
    """The configuration as adapter_config.json, for a program that makes the adapter itself."""
    folder = path.with_suffix(".folder")
    CONFIGS[method](**fields).save_pretrained(folder)
    shutil.move(folder / "adapter_config.json", path)
    shutil.rmtree(folder)


def mergeable(model):
    """Whether PEFT can merge: it has no place for a LoRA bias where the layer has none."""
    layers = [module for module in model.modules() if hasattr(module, "lora_bias")]
    return all(layer.get_base_layer().bias is not None for layer in layers if any(layer.lora_bias.values()))


def logits(model, rows):
    """Logits of every row alone, float32; dynamic rope sees each row's own length."""
    result = []
    with torch.no_grad():
        for row in rows:
            ids = torch.tensor([row["input_ids"]])
            output = model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False).logits[0]
            result.append(output[-len(row["input_ids"]):].float())
    return result


def padded(chosen):
    width = max(len(row["input_ids"]) for row in chosen)
    ids = torch.zeros(len(chosen), width, dtype=torch.int64)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
    for index, row in enumerate(chosen):
        length = len(row["input_ids"])
        ids[index, :length], mask[index, :length] = torch.tensor(row["input_ids"]), 1
        labels[index, :length] = torch.tensor(row.get("labels", row["input_ids"]))
    return ids, mask, labels


def orthogonality(model):
    """AdaLoRA's weighted term, as its forward adds it to a loss."""
    terms = []
    for name, value in model.named_parameters():
        if "lora_A" in name or "lora_B" in name:
            product = value @ value.T if "lora_A" in name else value.T @ value
            terms.append((product - torch.eye(len(product))).norm())
    return model.peft_config["default"].orth_reg_weight * sum(terms) / len(terms)


def decays(name):
    return not name.endswith("bias") and not re.search("norm", name, re.IGNORECASE)


def train(model, rows, settings):
    """Ten steps in the order the command line's contract fixes; one record of loss and gradient norm for each."""
    named = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    trainable = [value for _, value in named]
    # As transformers' Trainer: neither biases nor norms decay.
    groups = [{"params": [value for name, value in named if decays(name) == kind],
               "weight_decay": settings["weight-decay"] if kind else 0.0} for kind in (True, False)]
    optimizer = torch.optim.AdamW(groups, lr=settings["learning-rate"], betas=(0.9, 0.999), eps=1e-8)
    name = settings["scheduler"] if settings["scheduler"] != "constant" else "constant_with_warmup"
    schedule = transformers.get_scheduler(
        name, optimizer, num_warmup_steps=settings["warmup-steps"], num_training_steps=settings["steps"])
    size, parts = settings["batch-size"], settings["gradient-accumulation"]
    is_adalora = hasattr(getattr(model, "base_model", None), "rankallocator")
    is_led = isinstance(getattr(model, "active_peft_config", None), peft.PromptTuningConfig)
    records = []
    model.train()
    for step in range(settings["steps"]):
        batches = [padded([rows[((step * parts + part) * size + i) % len(rows)] for i in range(size)])
                   for part in range(parts)]
        # Virtual tokens of the input carry no label, but the last of them tells the first token.
        lead = getattr(model.active_peft_config, "num_virtual_tokens", 0) if is_led else 0
        batches = [(ids, mask, torch.nn.functional.pad(labels, (lead, 0), value=-100))
                   for ids, mask, labels in batches]
        count = sum(int((labels[:, 1:] != -100).sum()) for _, _, labels in batches)
        total = 0.0
        for ids, mask, labels in batches:
            output = model(input_ids=ids, attention_mask=mask, use_cache=False).logits.float()
            loss = cross_entropy(output[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), reduction="sum") / count
            loss.backward()
            total += loss.item()
        regularization = None
        if is_adalora:
            extra = orthogonality(model)
            extra.backward()
            regularization = extra.item()
        norm = torch.nn.utils.clip_grad_norm_(trainable, settings["max-grad-norm"] or float("inf")).item()
        rate = optimizer.param_groups[0]["lr"]
        optimizer.step()
        schedule.step()
        if is_adalora:
            model.base_model.update_and_allocate(step + 1)
        optimizer.zero_grad()
        records.append({"loss": total, "grad_norm": norm, "learning_rate": rate, "regularization": regularization})
    model.eval()
    return records


def tensors(folder):
    """Every tensor of a saved adapter or model folder."""
    result = {}
    for path in sorted(folder.glob("*.safetensors")):
        result |= load_file(path)
    return result
