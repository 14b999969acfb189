"""Draws what a trial is about: a small model's configuration, an adapter's, rows of data, and training settings."""

FAMILIES = ["llama", "mistral", "qwen2", "qwen3"]
ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
MLP = ["gate_proj", "up_proj", "down_proj"]
METHODS = ["lora", "dora", "adalora", "ia3", "ln-tuning", "prompt", "prefix", "full"]
# LoRA is most of what people do, and has most of the options.
WEIGHTS = {"lora": 10, "dora": 4, "adalora": 3}


def chance(random, probability):
    return random.random() < probability


def model_config(random):
    """A config.json of one of the families, with the options that change what a decoder computes."""
    family = random.choice(FAMILIES)
    heads = random.choice([2, 4])
    head_dim = random.choice([8, 16])
    hidden = heads * head_dim
    config = {
        "architectures": [{"llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2", "qwen3": "Qwen3"}[family]
                          + "ForCausalLM"],
        "model_type": family, "vocab_size": random.randrange(40, 97), "hidden_size": hidden,
        "intermediate_size": random.randrange(3, 13) * 8, "num_hidden_layers": random.randrange(1, 4),
        "num_attention_heads": heads, "num_key_value_heads": random.choice([1, 2, heads]), "hidden_act": "silu",
        "max_position_embeddings": 64, "rms_norm_eps": random.choice([1e-5, 1e-6]), "rope_theta": 10000.0,
        "tie_word_embeddings": chance(random, 0.4), "torch_dtype": "bfloat16" if chance(random, 0.15) else "float32",
        "bos_token_id": 1, "eos_token_id": 2,
    }
    if family == "llama":
        config |= {"attention_bias": chance(random, 0.3), "mlp_bias": chance(random, 0.3)}
    if family == "mistral":
        config["sliding_window"] = random.choice([None, 4, 8])
    if family in ("qwen2", "qwen3") and chance(random, 0.3):
        config |= {"use_sliding_window": True, "sliding_window": 5, "max_window_layers": random.randrange(0, 3)}
    if family == "qwen3":
        config |= {"head_dim": head_dim * random.choice([1, 2]), "attention_bias": chance(random, 0.3)}
    if family in ("llama", "qwen2") and chance(random, 0.4):
        config["rope_scaling"] = rope_scaling(random)
    return config


def rope_scaling(random):
    kind = random.choice(["linear", "dynamic", "llama3", "yarn"])
    scaling = {"rope_type": kind, "factor": random.choice([2.0, 4.0])}
    if kind == "llama3":
        scaling |= {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
    if kind == "yarn":
        scaling |= {"original_max_position_embeddings": 16}
    return scaling


def targets(random, config):
    """A list of names, a regular expression or `all-linear`."""
    kind = random.random()
    if kind < 0.2:
        return "all-linear"
    if kind < 0.4:
        layer = random.randrange(config["num_hidden_layers"])
        names = "|".join(random.sample(ATTENTION + MLP, random.randrange(1, 5)))
        return random.choice([rf".*\.({names})", rf"model\.layers\.{layer}\..*_proj", r".*self_attn\.[qv]_proj"])
    return random.sample(ATTENTION + MLP, random.randrange(1, 6))


def adapter_fields(random, method, config):
    """The fields of the method's configuration that differ from its defaults."""
    fields = {"task_type": "CAUSAL_LM"}
    if method == "ia3":
        chosen = sorted(random.sample(ATTENTION + MLP, random.randrange(1, 5)))
        return fields | {"target_modules": chosen, "feedforward_modules": [n for n in chosen if n == "down_proj"]}
    if method in ("prompt", "prefix"):
        return fields | {"num_virtual_tokens": random.randrange(1, 6)}
    if method in ("ln-tuning", "full"):
        return fields
    fields |= {"target_modules": targets(random, config), "lora_alpha": random.randrange(1, 17)}
    is_list = isinstance(fields["target_modules"], list)
    if chance(random, 0.15):
        fields["exclude_modules"] = random.choice([["layers.0.self_attn.q_proj"], r".*\.0\.mlp\.up_proj"])
    if is_list and config["num_hidden_layers"] > 1 and chance(random, 0.2):
        fields["layers_to_transform"] = [random.randrange(config["num_hidden_layers"])]
        if chance(random, 0.5):
            fields["layers_pattern"] = "layers"
    if method == "adalora":
        return fields | {"init_r": 4, "target_r": 2, "total_step": 10, "tinit": random.randrange(0, 4),
                         "tfinal": random.randrange(1, 4), "deltaT": random.randrange(1, 4)}
    return fields | lora_fields(random, method, config)


def lora_fields(random, method, config):
    """Ranks, scaling, biases and fully trained modules."""
    fields = {"r": random.randrange(1, 7), "use_rslora": chance(random, 0.3)}
    if chance(random, 0.3):
        fields["rank_pattern"] = random.choice([{"q_proj": 2, "up_proj": 5}, {r"layers\.0\..*": 3}, {"^model.x": 4}])
    if chance(random, 0.3):
        fields["alpha_pattern"] = random.choice([{"v_proj": 3}, {r".*self_attn\.\w+": 9, "o_proj": 1}])
    if method == "dora":
        return fields | {"use_dora": True}
    if chance(random, 0.2):
        name = random.choice(["lm_head", "model.norm"])
        fields["modules_to_save"] = ["model.norm"] if config["tie_word_embeddings"] else [name]
    if chance(random, 0.3):
        fields["bias"] = random.choice(["all", "lora_only"])
    elif chance(random, 0.15):
        fields["lora_bias"] = True
    return fields


def combination(random, fields):
    """Weights and a way to combine two adapters of one configuration, or None where PEFT combines them wrongly."""
    unsound = {"use_rslora", "use_dora", "rank_pattern", "alpha_pattern", "bias", "lora_bias", "modules_to_save"}
    way = random.choice(["linear", "cat", "svd", "ties", "magnitude_prune", "ties_svd"])
    weights = [random.choice([1.0, 0.7, 0.25, -0.5]), random.choice([1.0, 0.3])]
    if any(fields.get(name) for name in unsound):
        return None
    density = {"density": 0.5} if way not in ("linear", "cat", "svd") else {}
    return {"combination_type": way, "weights": weights} | density


def rows(random, vocabulary):
    """Tokenized rows of unequal lengths, some with masked labels."""
    result = []
    for _ in range(random.randrange(6, 15)):
        ids = [random.randrange(3, vocabulary) for _ in range(random.randrange(3, 24))]
        row = {"input_ids": ids}
        if chance(random, 0.6):
            masked = random.randrange(0, len(ids) - 1)
            row["labels"] = [-100] * masked + ids[masked:]
        result.append(row)
    return result


def training(random):
    """Options of ten steps, under the names the command line gives them."""
    return {
        "steps": 10, "batch-size": random.randrange(1, 5), "gradient-accumulation": random.choice([1, 1, 2, 3]),
        "learning-rate": random.choice([1e-3, 5e-3]), "scheduler": random.choice(["constant", "linear", "cosine"]),
        "warmup-steps": random.choice([0, 3]), "weight-decay": random.choice([0.0, 0.0, 0.1]),
        "max-grad-norm": random.choice([0.0, 0.5, 1.0]),
    }


def method(random, allowed):
    return random.choices(allowed, weights=[WEIGHTS.get(name, 1) for name in allowed])[0]
