"""Writes adapters/: PEFT adapters with random values on the tiny models, and what the models then give."""

import shutil

import torch
from peft import (
    AdaLoraConfig, IA3Config, LNTuningConfig, LoraConfig, PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig,
    TrainableTokensConfig, get_peft_model,
)
from peft.tuners.lora.layer import Linear
from peft.tuners.lora.variants import QALoraLinearVariant
from safetensors.torch import load_file

import golden
from golden import MODELS, ROOT, load_model, randn

OUTPUT = ROOT / "adapters"
resolve_variant = Linear.resolve_lora_variant
# PEFT knows QA-LoRA on GPTQ's layers alone; what it computes there needs nothing of them.
Linear.resolve_lora_variant = lambda self, *, config, **others: (
    QALoraLinearVariant() if config.use_qalora else resolve_variant(self, config=config, **others))


def lora(**fields):
    defaults = {"r": 4, "lora_alpha": 6, "target_modules": ["q_proj", "v_proj"], "task_type": "CAUSAL_LM"}
    return LoraConfig(**defaults | fields)


def prompt(kind, **fields):
    return kind(task_type="CAUSAL_LM", num_virtual_tokens=3, **fields)


ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
PROJECTIONS = ATTENTION + ["gate_proj", "up_proj", "down_proj"]

# case: (model, configuration). A second configuration, if any, becomes a second active adapter named "second".
CASES = {
    "list": ("llama", lora()),
    "no-task": ("llama", lora(task_type=None, target_modules=["o_proj", "layers.1.mlp.up_proj"])),
    "regex": ("llama", lora(target_modules=r".*layers\.\d+\.(self_attn\.[qk]_proj|mlp\.up_proj)")),
    "all-linear": ("llama", lora(target_modules="all-linear", r=2)),
    "default-targets": ("llama", lora(target_modules=None, r=3)),
    "rslora": ("llama", lora(use_rslora=True, r=8, target_modules=PROJECTIONS)),
    "patterns": ("llama", lora(
        target_modules=PROJECTIONS, rank_pattern={"q_proj": 6, r"layers\.1\.mlp\.down_proj": 2, "^mlp": 9},
        alpha_pattern={r".*\.0\.self_attn\.v_proj": 3, "up_proj": 12})),
    "exclude": ("llama", lora(target_modules="all-linear", exclude_modules=["k_proj", "layers.0.mlp.gate_proj"])),
    "exclude-regex": ("llama", lora(target_modules=PROJECTIONS, exclude_modules=r".*\.0\.mlp\..*")),
    "layers": ("llama", lora(layers_to_transform=[1], layers_pattern="layers")),
    "modules-to-save": ("llama", lora(modules_to_save=["lm_head"])),
    "modules-to-save-norm": ("llama", lora(modules_to_save=["norm", "embed_tokens"])),
    "lm-head": ("llama", lora(target_modules=["q_proj", "lm_head"])),
    "embedding": ("llama", lora(target_modules=["embed_tokens", "v_proj"])),
    "token-indices": ("llama", lora(trainable_token_indices=[3, 17, 40])),
    "bias-none": ("llama-bias", lora(target_modules=["q_proj", "down_proj"])),
    "bias-lora-only": ("llama-bias", lora(target_modules=["q_proj", "down_proj"], bias="lora_only")),
    "bias-all": ("llama-bias", lora(target_modules=["q_proj", "down_proj"], bias="all")),
    "lora-bias": ("llama-bias", lora(target_modules=["q_proj", "up_proj"], lora_bias=True)),
    "dora": ("llama", lora(target_modules=PROJECTIONS, use_dora=True)),
    "dora-rslora-bias": ("llama-bias", lora(target_modules=["q_proj", "down_proj"], use_dora=True, use_rslora=True)),
    "dora-bias-lora-only": ("llama-bias", lora(target_modules=["q_proj", "down_proj"], use_dora=True, bias="lora_only")),
    "dora-bias-all": ("llama-bias", lora(target_modules=["q_proj", "down_proj"], use_dora=True, bias="all")),
    "dora-embedding": ("llama", lora(target_modules=["embed_tokens", "o_proj"], use_dora=True)),
    "replication": ("llama", lora(layer_replication=[[0, 2], [1, 2]])),
    "alora": ("llama", lora(alora_invocation_tokens=[7, 11])),
    "qalora": ("llama", lora(use_qalora=True, qalora_group_size=8, target_modules=ATTENTION + ["down_proj"])),
    "two": ("llama", lora(), lora(r=3, lora_alpha=9, target_modules=["v_proj", "up_proj"], use_rslora=True)),
    "two-dora": ("llama", lora(use_dora=True), lora(r=2, target_modules=["q_proj", "o_proj"])),
    "adalora": ("llama", AdaLoraConfig(
        task_type="CAUSAL_LM", init_r=6, target_r=4, tinit=2, tfinal=3, total_step=10, lora_alpha=12,
        target_modules=["q_proj", "v_proj", "down_proj"])),
    "adalora-bias-all": ("llama-bias", AdaLoraConfig(
        task_type="CAUSAL_LM", init_r=5, target_r=3, tinit=2, tfinal=3, total_step=10, bias="all",
        target_modules=["q_proj", "up_proj"])),
    "ia3": ("llama", IA3Config(
        task_type="CAUSAL_LM", target_modules=["k_proj", "v_proj", "down_proj"], feedforward_modules=["down_proj"])),
    "ln-tuning": ("llama", LNTuningConfig(task_type="CAUSAL_LM")),
    "prefix": ("llama", prompt(PrefixTuningConfig)),
    "prefix-projection": ("llama", prompt(PrefixTuningConfig, prefix_projection=True, encoder_hidden_size=12)),
    "prompt": ("llama", prompt(PromptTuningConfig)),
    "p-tuning": ("llama", prompt(PromptEncoderConfig, encoder_hidden_size=12, encoder_num_layers=2)),
    "p-tuning-lstm": ("llama", prompt(
        PromptEncoderConfig, encoder_hidden_size=12, encoder_num_layers=1, encoder_reparameterization_type="LSTM")),
    "qwen2-all-linear": ("qwen2", lora(target_modules="all-linear", r=3)),
    "qwen2-bias-all": ("qwen2", lora(target_modules=["q_proj", "k_proj"], bias="all")),
    "qwen2-dora": ("qwen2", lora(target_modules=ATTENTION, use_dora=True)),
    "qwen2-lora-bias": ("qwen2", lora(target_modules=["q_proj", "k_proj", "v_proj"], lora_bias=True, use_rslora=True)),
    "qwen2-embedding": ("qwen2", lora(target_modules=["embed_tokens", "q_proj"])),
    "qwen2-tied-to-save": ("qwen2", lora(modules_to_save=["embed_tokens"], ensure_weight_tying=True)),
    "qwen2-token-indices": ("qwen2", lora(trainable_token_indices=[4, 9])),
    "qwen2-token-indices-apart": ("qwen2", lora(trainable_token_indices={"embed_tokens": [4, 9], "lm_head": [9]})),
    "trainable-tokens": ("llama", TrainableTokensConfig(task_type="CAUSAL_LM", token_indices=[3, 40, 17])),
    "qwen2-trainable-tokens": ("qwen2", TrainableTokensConfig(task_type="CAUSAL_LM", token_indices=[4, 9])),
    "bf16": ("llama-bf16", lora(target_modules=PROJECTIONS)),
    "bf16-dora": ("llama-bf16", lora(target_modules=PROJECTIONS, use_dora=True)),
}
NOT_MERGEABLE = {"alora", "qalora"}
SHARED_WEIGHTS = {"qwen2-embedding", "qwen2-token-indices-apart", "replication"}


def perturb(model, *names):
    """Moves every trainable value away from its initial one, so that no adapter is an identity."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not parameter.requires_grad:
                continue
            noise = randn(parameter.shape, 1.0, *names, name).to(parameter.dtype)
            if "lora_magnitude_vector" in name or "ia3_l" in name:
                parameter.mul_(1 + 0.2 * noise)
            elif "lora_" in name and "bias" not in name:
                parameter.copy_(0.18 * noise)
            else:
                parameter.add_(0.2 * noise)


def inputs(case, model_name):
    expected = load_file(MODELS / model_name / "expected.safetensors")
    ids, mask = expected["batch.input_ids"][1:], expected["batch.attention_mask"][1:]
    if case == "alora":  # a row without the invocation, and one with it twice, of which the last counts
        ids[1, 4:6] = ids[1, 12:14] = torch.tensor([7, 11])
    return ids, mask


def logits(model, ids, mask):
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=mask, use_cache=False).logits.float()


def adapted(case, model_name, configs):
    """The model with its adapters, perturbed and active, in eval mode."""
    golden.seed("adapters", case)
    model = load_model(model_name)
    model.name_or_path = f"models/{model_name}"
    model = get_peft_model(model, configs[0])
    for config in configs[1:]:
        model.add_adapter("second", config)
        model.base_model.set_adapter(["default", "second"])
    perturb(model, "adapters", case)
    return model.eval()


def base_weights(model):
    """The weights that a merge changes, by their module's path in the base model."""
    found = {}
    for name, module in model.get_base_model().named_modules():
        if hasattr(module, "base_layer") and hasattr(module.base_layer, "weight") and hasattr(module, "merge"):
            found[name.removesuffix(".token_adapter")] = module.base_layer.weight
    return found


def merge_values(model, ids, mask):
    """Drift of one merge and unmerge, then the merged model: its logits and two of the merged weights."""
    before = {name: weight.detach().clone() for name, weight in base_weights(model).items()}
    model.merge_adapter()
    model.unmerge_adapter()
    drift = max((base_weights(model)[name] - weight).abs().max() for name, weight in before.items())
    merged = model.merge_and_unload()
    tensors = {"unmerge.max_difference": drift.float(), "merged.logits": logits(merged, ids[-1:], mask[-1:])}
    modules = dict(merged.named_modules())
    for name in {min(before), max(before)}:
        tensors[f"merged.{name}.weight"] = modules[name].weight
    return tensors


def write_case(case, model_name, *configs):
    folder = OUTPUT / case
    shutil.rmtree(folder, ignore_errors=True)
    model = adapted(case, model_name, configs)
    ids, mask = inputs(case, model_name)
    golden.save_adapter(model, folder)
    trainable, total = model.get_nb_trainable_parameters()
    tensors = {"input_ids": ids, "attention_mask": mask, "logits": logits(model, ids, mask)}
    kind = configs[0].peft_type.value
    mergeable = kind in {"LORA", "ADALORA", "IA3", "TRAINABLE_TOKENS"} and case not in NOT_MERGEABLE
    targets = sorted(getattr(model.base_model, "targeted_module_names", []))
    if mergeable:
        merged = merge_values(model, ids, mask)
        # PEFT merges into weights that other layers share; there the adapted logits are the truth for a merge too.
        shared = case in SHARED_WEIGHTS
        assert shared == (golden.distance(merged["merged.logits"], tensors["logits"][-1:]) > 0.05), case
        tensors |= {} if shared else merged
    golden.write_tensors(folder / "expected.safetensors", tensors)
    base = load_file(MODELS / model_name / "expected.safetensors")["row.2.logits"]
    moved = golden.distance(tensors["logits"][-1, -len(base):], base)
    print(f"{case}: {trainable} of {total}, moved {moved:.3f}")
    return {"model": model_name, "peft_type": kind, "adapters": ["default", "second"][: len(configs)],
            "trainable_parameters": trainable, "total_parameters": total, "mergeable": mergeable, "targets": targets}


def main():
    golden.check_versions()
    cases = {case: write_case(case, *value) for case, value in CASES.items()}
    golden.write_table(OUTPUT / "cases.json", cases)


if __name__ == "__main__":
    main()
