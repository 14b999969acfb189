"""Writes decoders/: tiny random decoders of the later families, what transformers computes with them, and LoRA steps."""

import shutil
import sys

import torch
import transformers
from peft import LoraConfig, get_peft_model
from torch.nn.functional import cross_entropy

import golden
from golden import ROOT, randint

OUTPUT = ROOT / "decoders"
BASE = {
    "vocab_size": 48, "hidden_size": 32, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 64, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
    "torch_dtype": "float32", "tie_word_embeddings": False, "rope_theta": 10000.0,
}
GEMMA = BASE | {"head_dim": 16, "tie_word_embeddings": True, "hidden_activation": "gelu_pytorch_tanh"}
GEMMA2 = GEMMA | {"query_pre_attn_scalar": 24, "sliding_window": 5, "attn_logit_softcapping": 5.0,
                  "final_logit_softcapping": 3.0}
GEMMA3 = GEMMA | {"query_pre_attn_scalar": 24, "sliding_window": 5, "rope_local_base_freq": 100.0,
                  "rope_scaling": {"rope_type": "linear", "factor": 8.0},
                  "layer_types": ["sliding_attention", "full_attention"]}
VISION = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 4,
          "patch_size": 2, "model_type": "siglip_vision_model", "vision_use_head": False}
FACTORS = {"short_factor": [1.0, 1.3, 2.2], "long_factor": [1.5, 4.0, 9.0]}
PHI3 = BASE | {"rms_norm_eps": 1e-5}
GRANITE = {"embedding_multiplier": 3.0, "attention_multiplier": 0.2, "residual_multiplier": 0.6, "logits_scaling": 1.7}
MOE = BASE | {"num_experts_per_tok": 2, "intermediate_size": 12}
QWEN_MOE = MOE | {"num_experts": 4, "moe_intermediate_size": 8}
# The class of transformers, its configuration, and changes to what PEFT is told.
CASES = {
    "gemma": ("GemmaForCausalLM", GEMMA | {"hidden_act": "gelu"}),
    "gemma2": ("Gemma2ForCausalLM", GEMMA2),
    "gemma3": ("Gemma3ForCausalLM", GEMMA3),
    "gemma3-eyes": ("Gemma3ForConditionalGeneration", {
        "text_config": GEMMA3 | {"model_type": "gemma3_text"}, "vision_config": VISION, "mm_tokens_per_image": 1,
        "image_token_index": 47, "torch_dtype": "float32", "boi_token_index": 45, "eoi_token_index": 46,
        "tie_word_embeddings": True}),
    "phi3": ("Phi3ForCausalLM", PHI3 | {"sliding_window": 6}),
    "phi3-long": ("Phi3ForCausalLM", PHI3 | {
        "partial_rotary_factor": 0.75, "original_max_position_embeddings": 12, "tie_word_embeddings": True,
        "rope_scaling": {"type": "longrope"} | FACTORS}),
    "granite": ("GraniteForCausalLM", BASE | GRANITE | {"attention_bias": True}),
    "granitemoe": ("GraniteMoeForCausalLM", MOE | GRANITE | {"num_local_experts": 4}),
    "olmo": ("OlmoForCausalLM", BASE | {"clip_qkv": 0.9}),
    "olmo2": ("Olmo2ForCausalLM", BASE),
    "olmo3": ("Olmo3ForCausalLM", BASE | {
        "sliding_window": 5, "layer_types": ["sliding_attention", "full_attention"]}),
    "olmoe": ("OlmoeForCausalLM", MOE | {"num_experts": 4, "clip_qkv": 2.0, "output_router_logits": True}),
    "cohere": ("CohereForCausalLM", BASE | {"use_qk_norm": True, "logit_scale": 0.3, "tie_word_embeddings": True}),
    "cohere2": ("Cohere2ForCausalLM", BASE | {
        "sliding_window": 5, "layer_types": ["sliding_attention", "full_attention"], "tie_word_embeddings": True}),
    "smollm3": ("SmolLM3ForCausalLM", BASE | {
        "no_rope_layers": [1, 0], "use_sliding_window": True, "sliding_window": 5, "tie_word_embeddings": True}),
    "mixtral": ("MixtralForCausalLM", MOE | {
        "num_local_experts": 4, "sliding_window": 5, "output_router_logits": True, "router_aux_loss_coef": 0.1}),
    "qwen2_moe": ("Qwen2MoeForCausalLM", QWEN_MOE | {
        "shared_expert_intermediate_size": 16, "mlp_only_layers": [0], "output_router_logits": True,
        "router_aux_loss_coef": 0.1}),
    "qwen3_moe": ("Qwen3MoeForCausalLM", QWEN_MOE | {"norm_topk_prob": True, "head_dim": 16}),
}
LLAMA4 = MOE | {
    "num_experts_per_tok": 1, "num_local_experts": 4, "intermediate_size_mlp": 20, "head_dim": 8, "num_hidden_layers": 3,
    "moe_layers": [0, 2], "no_rope_layers": [1, 0, 1], "attention_chunk_size": 6, "attn_temperature_tuning": False}
CASES |= {
    "llama4": ("Llama4ForCausalLM", LLAMA4),
    "llama4-tuned": ("Llama4ForCausalLM", LLAMA4 | {
        "attn_temperature_tuning": True, "floor_scale": 4, "attn_scale": 0.7, "use_qk_norm": False,
        "num_experts_per_tok": 2, "attention_bias": True, "layer_types": ["chunked_attention"] * 2 + ["full_attention"]}),
}
# What the adapter changes; PEFT's usual modules where it knows the family.
TARGETS = {
    "gemma3-eyes": {"target_modules": r".*\.language_model\..*\.(q_proj|v_proj)"},
    "phi3": {"target_modules": ["qkv_proj", "gate_up_proj"]},
    "phi3-long": {"target_modules": "all-linear"},
    "granitemoe": {"target_modules": ["q_proj"], "target_parameters": ["router.weight"]},
    "llama4": {"target_modules": ["q_proj"],
               "target_parameters": ["experts.gate_up_proj", "experts.down_proj"]},
    "mixtral": {"target_modules": ["q_proj"],
                "target_parameters": ["experts.gate_up_proj", "experts.down_proj"]},
    "qwen3_moe": {"target_modules": ["v_proj"],
                  "target_parameters": ["mlp.experts.down_proj", "mlp.gate.weight"]},
}
USUAL = {"target_modules": ["q_proj", "v_proj"]}
LENGTHS = [1, 7, 15]
STEPS, BATCH, RATE = 10, 2, 5e-3


def write_checkpoint(name, architecture, config):
    """A checkpoint as transformers writes it, with the names that such checkpoints have, rounded to take few bytes."""
    folder = OUTPUT / name
    cls = getattr(transformers, architecture)
    kind = cls.config_class.model_type
    golden.write_json(folder / "config.json", {"architectures": [architecture], "model_type": kind} | config)
    model = cls(transformers.AutoConfig.from_pretrained(folder))
    golden.randomize(model, "decoders", name)
    saved = folder / "saved"
    model.to(torch.bfloat16).save_pretrained(saved)
    (saved / "model.safetensors").rename(folder / "model.safetensors")
    shutil.rmtree(saved)
    (folder / "model.safetensors").chmod(0o644)


def load(name, architecture):
    model = getattr(transformers, architecture).from_pretrained(OUTPUT / name)
    model.name_or_path = f"decoders/{name}"
    return model.eval()


def rows(name):
    return [randint(3, 44, (length,), "decoders", name, row) for row, length in enumerate(LENGTHS)]


def logits(name, architecture, ids, mask=None):
    """Of a freshly loaded model: long rope must not remember an earlier, longer row."""
    model = load(name, architecture)
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=mask, use_cache=False).logits.float()


def expected(name, architecture, config):
    """Every row alone, all of them padded on either side, and greedy text that leaves the window."""
    data, width, tensors = rows(name), max(LENGTHS), {}
    for row, ids in enumerate(data):
        tensors |= {f"row.{row}.input_ids": ids, f"row.{row}.logits": logits(name, architecture, ids[None])[0]}
    for side in ("right", "left"):
        batch = torch.zeros(len(data), width, dtype=torch.int64)
        mask = torch.zeros_like(batch)
        for row, ids in enumerate(data):
            place = slice(0, len(ids)) if side == "right" else slice(width - len(ids), width)
            batch[row, place], mask[row, place] = ids, 1
        whole = logits(name, architecture, batch, mask)[mask.bool()]
        if side == "left" and config.get("attn_temperature_tuning"):
            # The temperature there goes by the place in the row, padding included; here by the place in the text.
            whole = torch.cat([tensors[f"row.{row}.logits"] for row in range(len(data))])
        # Places beyond the mask are nobody's business, and need no bytes.
        tensors |= {f"{side}.input_ids": batch, f"{side}.attention_mask": mask,
                    f"{side}.logits": whole}
    prompt = data[1][:5]
    with torch.no_grad():
        text = load(name, architecture).generate(
            prompt[None], max_new_tokens=14, min_new_tokens=14, do_sample=False, pad_token_id=0, eos_token_id=2)
    return tensors | {"greedy.prompt": prompt, "greedy.output": text[0, 5:]}


def training_rows():
    return [{"input_ids": randint(3, 44, (length,), "decoders", "training", index).tolist()}
            for index, length in enumerate([9, 4, 13, 6, 15, 3, 8])]


def batch(data, step):
    chosen = [data[(step * BATCH + place) % len(data)]["input_ids"] for place in range(BATCH)]
    width = max(map(len, chosen))
    ids = torch.tensor([row + [0] * (width - len(row)) for row in chosen])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in chosen])
    return ids, mask, ids.masked_fill(mask == 0, -100)


def write_training(name, architecture, data):
    """LoRA on what the family is usually adapted in; the model's own loss, a mixture's routing included."""
    folder, trace = OUTPUT / name, []
    golden.seed("decoders", "training", name)
    config = LoraConfig(r=2, lora_alpha=4, task_type="CAUSAL_LM", **TARGETS.get(name, USUAL))
    model = get_peft_model(load(name, architecture), config).train()
    golden.save_adapter(model, folder / "initial")
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=RATE, weight_decay=0.0)
    for step in range(STEPS):
        ids, mask, labels = batch(data, step)
        loss = model(input_ids=ids, attention_mask=mask, labels=labels, use_cache=False).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(trained, float("inf"))
        optimizer.step()
        optimizer.zero_grad()
        trace.append({"step": step + 1, "loss": loss.item(), "grad_norm": norm.item()})
    golden.save_adapter(model, folder / "final")
    with torch.no_grad():
        result = model.eval()(input_ids=rows(name)[2][None], use_cache=False).logits[0].float()
        merged = model.merge_and_unload()(input_ids=rows(name)[2][None], use_cache=False).logits[0].float()
    modules = sorted(name.removeprefix("base_model.model.").removesuffix(".weight") for name in folder_keys(folder))
    golden.write_tensors(folder / "final" / "expected.safetensors", {"logits": result, "merged.logits": merged})
    settings = {"steps": STEPS, "batch_size": BATCH, "learning_rate": RATE, "keys": modules}
    golden.write_table(folder / "run.json", settings | {"trace": trace})
    print(f"{name}: {trace[0]['loss']:.4f} -> {trace[-1]['loss']:.4f}")


def folder_keys(folder):
    from safetensors import safe_open

    with safe_open(folder / "final" / "adapter_model.safetensors", "pt") as file:
        return list(file.keys())


def main():
    golden.check_versions()
    chosen = sys.argv[1:] or list(CASES)
    data = training_rows()
    golden.write_jsonl(OUTPUT / "rows.jsonl", data)
    for name in chosen:
        architecture, config = CASES[name]
        shutil.rmtree(OUTPUT / name, ignore_errors=True)
        write_checkpoint(name, architecture, config)
        tensors = expected(name, architecture, config)
        golden.write_tensors(OUTPUT / name / "expected.safetensors", tensors)
        write_training(name, architecture, data)


if __name__ == "__main__":
    main()
