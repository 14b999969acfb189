"""Writes models/: tiny random checkpoints of every family and rope scaling, with the outputs transformers gives."""

import shutil

import torch
import transformers

import golden
from golden import MODELS, load_model, randint

LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 64, "hidden_size": 32,
    "intermediate_size": 56, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "hidden_act": "silu", "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "tie_word_embeddings": False,
    "attention_bias": False, "mlp_bias": False, "attention_dropout": 0.0, "initializer_range": 0.02,
    "bos_token_id": 1, "eos_token_id": 2, "use_cache": True, "torch_dtype": "float32", "rope_theta": 10000.0,
}
MISTRAL = LLAMA | {"architectures": ["MistralForCausalLM"], "model_type": "mistral", "sliding_window": 5}
QWEN2 = LLAMA | {
    "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
    "tie_word_embeddings": True, "use_sliding_window": False, "sliding_window": 4, "max_window_layers": 1,
}
QWEN3 = QWEN2 | {
    "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "head_dim": 16, "tie_word_embeddings": False,
}
# Rotary variants need one layer and heads wide enough for several frequencies.
ROPE = {"num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16,
        "max_position_embeddings": 16}
SHORT = [1.0, 1.05, 1.1, 1.3, 1.7, 2.2, 3.0, 4.5]
LONG = [1.0, 1.2, 1.9, 3.0, 5.0, 9.0, 14.0, 20.0]


def modern(config, rope):
    """The spelling of transformers 5: everything rotary in `rope_parameters`, and `dtype`."""
    old = {"rope_theta", "rope_scaling", "torch_dtype"}
    kept = {key: value for key, value in config.items() if key not in old}
    return kept | {"dtype": config["torch_dtype"], "rope_parameters": rope}


CONFIGS = {
    "llama": LLAMA,
    "llama-modern": modern(LLAMA, {"rope_type": "default", "rope_theta": 500.0}) | {"num_key_value_heads": 4},
    "llama-tied": LLAMA | {"tie_word_embeddings": True},
    "llama-tied-head": LLAMA | {"tie_word_embeddings": True, "num_hidden_layers": 1},
    "llama-bias": LLAMA | {"attention_bias": True, "mlp_bias": True, "num_key_value_heads": None},
    "llama-head-dim": LLAMA | {"head_dim": 16, "hidden_act": "gelu_pytorch_tanh"},
    "llama-sharded": LLAMA | {"num_hidden_layers": 1},
    "mistral": MISTRAL,
    "mistral-full": MISTRAL | {"sliding_window": None, "num_hidden_layers": 1},
    "qwen2": QWEN2,
    "qwen2-window": QWEN2 | {"use_sliding_window": True, "tie_word_embeddings": False},
    "qwen2-layer-types": modern(QWEN2, {"rope_type": "default", "rope_theta": 10000.0})
    | {"use_sliding_window": True, "layer_types": ["sliding_attention", "full_attention"]},
    "qwen3": QWEN3,
    "qwen3-bias-window": QWEN3 | {"attention_bias": True, "use_sliding_window": True, "tie_word_embeddings": True},
    "llama-bf16": LLAMA | {"torch_dtype": "bfloat16"},
    "qwen2-bf16": modern(QWEN2 | {"torch_dtype": "bfloat16"}, {"rope_type": "default", "rope_theta": 1000000.0}),
    "rope-linear-legacy": LLAMA | ROPE | {"rope_scaling": {"type": "linear", "factor": 2.5}},
    "rope-linear": modern(QWEN2 | ROPE, {"rope_type": "linear", "rope_theta": 5000.0, "factor": 4.0}),
    "rope-dynamic-legacy": LLAMA | ROPE | {"rope_scaling": {"type": "dynamic", "factor": 2.0}},
    "rope-dynamic": modern(QWEN2 | ROPE, {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 3.0}),
    "rope-yarn-legacy": QWEN2 | ROPE | {
        "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8}},
    "rope-yarn": modern(LLAMA | ROPE, {
        "rope_type": "yarn", "rope_theta": 10000.0, "factor": 2.0, "original_max_position_embeddings": 8}),
    "rope-yarn-mscale": modern(LLAMA | ROPE, {
        "rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 8,
        "mscale": 0.8, "mscale_all_dim": 0.4, "beta_fast": 4.0, "beta_slow": 0.5}),
    "rope-yarn-attention-factor": modern(QWEN3 | ROPE, {
        "rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 8,
        "attention_factor": 1.3, "beta_fast": 2.0, "beta_slow": 0.1, "truncate": False}),
    "rope-longrope-legacy": LLAMA | ROPE | {
        "original_max_position_embeddings": 8,
        "rope_scaling": {"type": "longrope", "short_factor": SHORT, "long_factor": LONG}},
    "rope-longrope": modern(LLAMA | ROPE, {
        "rope_type": "longrope", "rope_theta": 10000.0, "short_factor": SHORT, "long_factor": LONG, "factor": 4.0,
        "original_max_position_embeddings": 10}),
    "rope-longrope-attention-factor": modern(LLAMA | ROPE, {
        "rope_type": "longrope", "rope_theta": 10000.0, "short_factor": SHORT, "long_factor": LONG, "factor": 2.0,
        "original_max_position_embeddings": 8, "attention_factor": 1.2}),
    "rope-llama3-legacy": LLAMA | ROPE | {"rope_scaling": {
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64}},
    "rope-llama3": modern(LLAMA | ROPE, {
        "rope_type": "llama3", "rope_theta": 500.0, "factor": 4.0, "low_freq_factor": 0.5, "high_freq_factor": 3.0,
        "original_max_position_embeddings": 32}),
}
LENGTHS = [1, 7, 19]  # 19 passes max_position_embeddings of the rope variants and every sliding window


def write_checkpoint(name, config):
    """A Hugging Face folder: config.json exactly as given, and random weights in the dtype it names."""
    folder = MODELS / name
    shutil.rmtree(folder, ignore_errors=True)
    golden.write_json(folder / "config.json", config)
    dtype = getattr(torch, config.get("torch_dtype") or config["dtype"])
    parsed = transformers.AutoConfig.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_config(parsed).to(torch.float32)
    golden.randomize(model, "models", name)
    state = {key: value.detach().to(dtype) for key, value in model.state_dict().items()}
    if config["tie_word_embeddings"]:
        dropped = "model.embed_tokens.weight" if name == "llama-tied-head" else "lm_head.weight"
        del state[dropped]
    if name == "llama-sharded":
        write_shards(folder, state)
    else:
        golden.write_tensors(folder / "model.safetensors", state)


def write_shards(folder, state):
    """The same tensors over three files and an index, in the layout of large checkpoints."""
    names, weight_map = sorted(state), {}
    for shard in range(3):
        part = {name: state[name] for name in names[shard::3]}
        file = f"model-{shard + 1:05d}-of-00003.safetensors"
        golden.write_tensors(folder / file, part)
        weight_map |= {name: file for name in part}
    size = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
    index = {"metadata": {"total_size": size}, "weight_map": dict(sorted(weight_map.items()))}
    golden.write_json(folder / "model.safetensors.index.json", index)


def outputs(name, input_ids, labels, mask=None):
    """Logits and loss of a freshly loaded model: dynamic rope must not remember an earlier, longer row."""
    model = load_model(name)
    with torch.no_grad():
        result = model(input_ids=input_ids, attention_mask=mask, labels=labels, use_cache=False)
    return result.logits.float(), result.loss.float()


def expected(name, config):
    """Rows of odd lengths alone, the same rows as a right-padded batch, and greedy text."""
    vocabulary, tensors = config["vocab_size"], {}
    width = max(LENGTHS)
    batch = torch.zeros(len(LENGTHS), width, dtype=torch.int64)
    mask, targets = torch.zeros_like(batch), torch.full_like(batch, -100)
    for row, length in enumerate(LENGTHS):
        ids = randint(3, vocabulary, (length,), "models", name, row)
        labels = ids.clone()
        labels[: length // 3] = -100
        batch[row, :length], mask[row, :length], targets[row, :length] = ids, 1, labels
        logits, loss = outputs(name, ids[None], labels[None])
        tensors |= {f"row.{row}.input_ids": ids, f"row.{row}.labels": labels, f"row.{row}.logits": logits[0]}
        if length > 1:
            tensors[f"row.{row}.loss"] = loss
    logits, loss = outputs(name, batch, targets, mask)
    tensors |= {"batch.input_ids": batch, "batch.attention_mask": mask, "batch.labels": targets,
                "batch.logits": logits, "batch.loss": loss}
    if not name.startswith("rope-") and not name.endswith("bf16"):
        tensors |= greedy(name)
    return tensors


def greedy(name):
    """Twenty greedy tokens after a five-token prompt, long enough to leave every sliding window."""
    model, prompt = load_model(name), randint(3, 64, (5,), "models", name, "prompt")
    with torch.no_grad():
        text = model.generate(prompt[None], max_new_tokens=20, min_new_tokens=20, do_sample=False, pad_token_id=0)
    return {"greedy.prompt": prompt, "greedy.output": text[0, 5:]}


def main():
    golden.check_versions()
    for name, config in CONFIGS.items():
        write_checkpoint(name, config)
        tensors = expected(name, config)
        golden.write_tensors(MODELS / name / "expected.safetensors", tensors)
        logits = tensors["batch.logits"]
        print(f"{name}: loss {tensors['batch.loss']:.4f}, logits std {logits.std():.3f}")


if __name__ == "__main__":
    main()
