"""Writes sequences/: tiny random encoder-decoders with what transformers computes and generates with them, and ten steps
of PEFT's methods on them."""

import shutil

import torch
import transformers
from peft import (
    AdaLoraConfig, IA3Config, LoraConfig, PeftModel, PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig,
    get_peft_model,
)

import golden
from golden import ROOT, randint, randn

OUTPUT = ROOT / "sequences"
# Tokens of each row's source and target.
LENGTHS = [(1, 4), (7, 1), (19, 9)]
VOCABULARY, END = 64, 1
T5 = {
    "model_type": "t5", "vocab_size": VOCABULARY, "d_model": 16, "d_kv": 4, "num_heads": 4, "d_ff": 24, "num_layers": 2,
    "num_decoder_layers": 2, "relative_attention_num_buckets": 8, "relative_attention_max_distance": 12,
    "dropout_rate": 0.0, "feed_forward_proj": "relu", "layer_norm_epsilon": 1e-6, "is_encoder_decoder": True,
    "pad_token_id": 0, "eos_token_id": END, "decoder_start_token_id": 0, "torch_dtype": "float32",
}
GATED = T5 | {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}
BART = {
    "model_type": "bart", "vocab_size": VOCABULARY, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2,
    "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 20,
    "activation_function": "gelu", "max_position_embeddings": 32, "dropout": 0.0, "attention_dropout": 0.0,
    "activation_dropout": 0.0, "init_std": 0.02, "scale_embedding": False, "is_encoder_decoder": True,
    "pad_token_id": 2, "bos_token_id": 0, "eos_token_id": END, "decoder_start_token_id": END,
    "forced_eos_token_id": None, "torch_dtype": "float32",
}
# The class that the checkpoint is saved from, its configuration, and what its file is like.
CASES = {
    "t5": ("T5ForConditionalGeneration", T5, "old"),
    "t5-gated": ("T5ForConditionalGeneration", GATED | {"num_layers": 3, "num_heads": 3}, None),
    "t5-classifier": ("T5ForSequenceClassification", T5, None),
    "mt5": ("MT5ForConditionalGeneration", GATED | {"model_type": "mt5"}, None),
    "umt5": ("UMT5ForConditionalGeneration", GATED | {"model_type": "umt5", "tie_word_embeddings": True}, None),
    "bart": ("BartForConditionalGeneration", BART, "biased"),
    "bart-bare": ("BartForConditionalGeneration", BART | {"scale_embedding": True, "encoder_layers": 3}, "bare"),
    "bart-classifier": ("BartForSequenceClassification", BART, None),
    "mbart": ("MBartForConditionalGeneration", BART | {"model_type": "mbart", "scale_embedding": True}, None),
}
# Beams, length penalty, early stopping, tokens at most.
BEAMS = [(3, 1.0, False, 12), (4, 2.0, True, 12), (2, 0.0, "never", 10), (3, -0.5, False, 10), (2, 1.5, "never", 8)]
STEPS, BATCH, RATE = 10, 4, 5e-3
SEQ2SEQ = {"task_type": "SEQ_2_SEQ_LM"}
TRAINING = {
    "t5-lora": ("t5", LoraConfig(r=4, lora_alpha=8, **SEQ2SEQ)),
    "t5-dora": ("t5", LoraConfig(r=4, lora_alpha=8, use_dora=True, target_modules="all-linear", **SEQ2SEQ)),
    "t5-adalora": ("t5", AdaLoraConfig(
        init_r=4, target_r=2, total_step=STEPS, tinit=2, tfinal=3, deltaT=2, lora_alpha=8, **SEQ2SEQ)),
    "t5-ia3": ("t5", IA3Config(**SEQ2SEQ)),
    "t5-prefix": ("t5", PrefixTuningConfig(num_virtual_tokens=3, **SEQ2SEQ)),
    "t5-prompt": ("t5", PromptTuningConfig(num_virtual_tokens=3, **SEQ2SEQ)),
    "t5-gated-lora": ("t5-gated", LoraConfig(r=4, lora_alpha=8, modules_to_save=["lm_head"], **SEQ2SEQ)),
    "mt5-lora": ("mt5", LoraConfig(r=4, lora_alpha=8, **SEQ2SEQ)),
    "umt5-lora": ("umt5", LoraConfig(r=4, lora_alpha=8, target_modules=["q", "v", "wi_0"], **SEQ2SEQ)),
    "bart-lora": ("bart", LoraConfig(r=4, lora_alpha=8, **SEQ2SEQ)),
    "bart-p-tuning": ("bart-bare", PromptEncoderConfig(num_virtual_tokens=3, encoder_hidden_size=8, **SEQ2SEQ)),
    "bart-prefix": ("bart-bare", PrefixTuningConfig(num_virtual_tokens=3, num_layers=2, **SEQ2SEQ)),
    "mbart-lora": ("mbart", LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "fc2"], **SEQ2SEQ)),
}


def spelled(state, kind, config):
    """A checkpoint's tensors as one of the kinds of files has them."""
    tied = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"]
    state = {key: value for key, value in state.items()
             if not any(key.endswith(name) for name in tied[:2])}
    shared = next(value for key, value in state.items() if key.endswith("shared.weight"))
    if kind == "old":
        # Every name of the one table, and a bias that nothing reads.
        state |= {name: shared for name in tied}
        name = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"
        return state | {name: torch.zeros(config["relative_attention_num_buckets"], config["num_heads"])}
    if kind == "bare":
        dropped = ("lm_head.weight", "final_logits_bias")
        return {key.removeprefix("model."): value for key, value in state.items() if key not in dropped}
    if "lm_head.weight" in state and torch.equal(state["lm_head.weight"], shared):
        del state["lm_head.weight"]
    return state


def write_checkpoint(name, architecture, config, kind):
    folder = OUTPUT / name
    labels = {str(label): f"LABEL_{label}" for label in range(3)} if "Classification" in architecture else None
    golden.write_json(
        folder / "config.json", config | {"architectures": [architecture]} | ({"id2label": labels} if labels else {}))
    model = getattr(transformers, architecture)(transformers.AutoConfig.from_pretrained(folder))
    golden.randomize(model, "sequences", name)
    state = dict(model.state_dict())
    shared = next(key for key in state if key.endswith("shared.weight"))
    # Larger than usual, so that attention looks at something and logits are far apart.
    state[shared] = randn(state[shared].shape, 1.0, "sequences", name, "table")
    for key in state:
        if key.endswith("relative_attention_bias.weight"):
            state[key] = randn(state[key].shape, 1.0, "sequences", name, key)
    if config.get("tie_word_embeddings") is False:
        state["lm_head.weight"] = randn(state[shared].shape, 0.5, "sequences", name, "head")
    elif "lm_head.weight" in state:
        state["lm_head.weight"] = state[shared]
    if kind == "biased":
        state["final_logits_bias"] = randn(state["final_logits_bias"].shape, 1.0, "sequences", name, "bias")
    golden.write_tensors(folder / "model.safetensors", spelled(state, kind, config))
    model, report = getattr(transformers, architecture).from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"] or kind == "bare", report
    return model.eval()


def rows(name):
    """A source and a target for each row, both ended as a tokenizer would."""
    for row, (source, target) in enumerate(LENGTHS):
        ids = randint(3, VOCABULARY, (source,), "sequences", name, "source", row)
        labels = randint(3, VOCABULARY, (target,), "sequences", name, "target", row)
        ids[-1], labels[-1] = END, END
        yield ids, labels


def padded(values, filler, side="right"):
    width = max(map(len, values))
    result = torch.full((len(values), width), filler)
    for row, value in enumerate(values):
        place = slice(0, len(value)) if side == "right" else slice(width - len(value), width)
        result[row, place] = value
    return result


def expected(name, model, config):
    """Every row alone, and all of them with sources padded on either side."""
    data, tensors, classifies = list(rows(name)), {}, hasattr(model, "classification_head")

    def run(ids, labels, mask=None):
        with torch.no_grad():
            return model(input_ids=ids, attention_mask=mask, **({} if classifies else {"labels": labels}))

    for row, (ids, labels) in enumerate(data):
        # A target of one token alone: mBART cannot be given it, since it squeezes.
        result = run(ids[None], labels[None])
        tensors |= {f"row.{row}.input_ids": ids, f"row.{row}.labels": labels, f"row.{row}.logits": result.logits[0]}
        if not classifies:
            tensors[f"row.{row}.loss"] = result.loss
    for side in ("right", "left"):
        ids = padded([ids for ids, _ in data], config["pad_token_id"], side)
        mask = padded([torch.ones_like(ids) for ids, _ in data], 0, side)
        labels = padded([labels for _, labels in data], -100)
        result = run(ids, labels, mask)
        tensors |= {f"{side}.input_ids": ids, f"{side}.attention_mask": mask, f"{side}.labels": labels,
                    f"{side}.logits": result.logits}
        if not classifies:
            tensors[f"{side}.loss"] = result.loss
    return tensors


def generated(name, model, sources, settings, prefix=""):
    """Greedy texts and beams, of each row alone and of a batch; the end is a token that the greedy text has."""
    model.generation_config = transformers.GenerationConfig(
        pad_token_id=settings["pad"], eos_token_id=None, decoder_start_token_id=settings.get("start"))
    ids = padded(sources, settings["pad"], settings["side"])
    mask = padded([torch.ones_like(source) for source in sources], 0, settings["side"])
    tensors = {}
    skip = 1 if settings["side"] == "right" else ids.shape[1]
    with torch.no_grad():
        greedy = model.generate(ids, attention_mask=mask, max_new_tokens=12, do_sample=False)[:, skip:]
        tensors["greedy"] = greedy
        end = int(greedy[0, 6])
        tensors["end"] = torch.tensor(end)
        for index, (beams, penalty, early, count) in enumerate(BEAMS):
            options = {"num_beams": beams, "length_penalty": penalty, "early_stopping": early,
                       "max_new_tokens": count, "do_sample": False, "eos_token_id": end}
            for row, source in enumerate(sources):
                text = model.generate(source[None], **options)[0, 1 if skip == 1 else len(source):]
                tensors[f"beams.{index}.{row}"] = text
            texts = model.generate(ids, attention_mask=mask, **options)[:, skip:]
            tensors[f"beams.{index}.batch"] = texts
    return {f"{prefix}{key}": value for key, value in tensors.items()}


def training_rows():
    result = []
    for index, length in enumerate([9, 4, 17, 6, 12, 3, 8, 15, 5, 11]):
        ids = randint(3, VOCABULARY, (length,), "sequences", "training", index).tolist() + [END]
        labels = randint(3, VOCABULARY, (1 + index % 5,), "sequences", "answers", index).tolist() + [END]
        result.append({"input_ids": ids, "labels": labels})
    return result


def collate(data, step, padding):
    chosen = [data[(step * BATCH + place) % len(data)] for place in range(BATCH)]
    sources = [torch.tensor(row["input_ids"]) for row in chosen]
    labels = [torch.tensor(row["labels"]) for row in chosen]
    return {"input_ids": padded(sources, padding), "labels": padded(labels, -100),
            "attention_mask": padded([torch.ones_like(source) for source in sources], 0)}


def write_training(case, data):
    name, config = TRAINING[case]
    folder, trace = OUTPUT / "training" / case, []
    golden.seed("sequences", case)
    base = transformers.AutoModelForSeq2SeqLM.from_pretrained(OUTPUT / name)
    base.name_or_path = f"sequences/{name}"
    model = get_peft_model(base, config).train()
    is_adalora = isinstance(config, AdaLoraConfig)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            # From the first step on every part matters.
            if parameter.requires_grad and "lora_" in key and "magnitude" not in key:
                parameter.copy_(randn(parameter.shape, 0.1, "sequences", case, key))
    golden.save_adapter(model, folder / "initial")
    encoder = getattr(model, "prompt_encoder", {"default": None})["default"]
    state = encoder.state_dict() if encoder is not None else {}
    if len(state) > 1:
        golden.write_tensors(folder / "initial" / "prompt_encoder.safetensors", state)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=RATE, weight_decay=0.0)
    padding = base.config.pad_token_id
    for step in range(STEPS):
        batch = collate(data, step, padding)
        outputs = model(**batch)
        logits = outputs.logits.flatten(0, 1)
        plain = torch.nn.functional.cross_entropy(logits, batch["labels"].flatten())
        outputs.loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(trained, float("inf"))
        record = {"step": step + 1, "loss": plain.item(), "grad_norm": norm.item()}
        if is_adalora:
            record["regularization"] = (outputs.loss - plain).item()
        optimizer.step()
        if is_adalora:
            model.base_model.update_and_allocate(step + 1)
        optimizer.zero_grad()
        trace.append(record)
    final = model.eval()
    batch = collate(data, 0, padding)
    with torch.no_grad():
        tensors = {"logits": final(**batch).logits, "input_ids": batch["input_ids"], "labels": batch["labels"]}
    golden.write_tensors(folder / "expected.safetensors", tensors)
    settings = {"model": name, "steps": STEPS, "batch_size": BATCH, "learning_rate": RATE}
    golden.write_table(folder / "run.json", settings | {"trace": trace})
    print(f"{case}: {trace[0]['loss']:.4f} -> {trace[-1]['loss']:.4f}")


def main():
    golden.check_versions()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    golden.write_json(OUTPUT / "beams.json", [
        {"num_beams": beams, "length_penalty": penalty, "early_stopping": early, "max_new_tokens": count}
        for beams, penalty, early, count in BEAMS])
    for name, (architecture, config, kind) in CASES.items():
        model = write_checkpoint(name, architecture, config, kind)
        tensors = expected(name, model, config)
        if "Generation" in architecture:
            settings = {"pad": config["pad_token_id"], "start": config["decoder_start_token_id"], "side": "right"}
            tensors |= generated(name, model, [ids for ids, _ in rows(name)], settings)
        golden.write_tensors(OUTPUT / name / "expected.safetensors", tensors)
        print(f"{name}: logits std {tensors['right.logits'].std():.3f}")
    sources = [randint(3, 64, (length,), "sequences", "llama", length) for length in (5, 1, 9)]
    decoder = generated("llama", golden.load_model("llama"), sources, {"pad": 0, "side": "left"})
    decoder |= {f"prompt.{row}": source for row, source in enumerate(sources)}
    golden.write_tensors(OUTPUT / "decoder-beams.safetensors", decoder)
    data = training_rows()
    golden.write_jsonl(OUTPUT / "training" / "rows.jsonl", data)
    for case in TRAINING:
        write_training(case, data)


if __name__ == "__main__":
    main()
