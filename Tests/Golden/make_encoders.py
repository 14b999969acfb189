"""Writes encoders/: tiny random encoders with what transformers computes with them, and ten steps of PEFT's LoRA."""

import shutil

import torch
import transformers
from peft import LoraConfig, get_peft_model

import golden
from golden import ROOT, randint

OUTPUT = ROOT / "encoders"
LENGTHS = [1, 7, 19]
BERT = {
    "model_type": "bert", "vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 56, "hidden_act": "gelu", "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
    "max_position_embeddings": 24, "type_vocab_size": 2, "initializer_range": 0.02, "layer_norm_eps": 1e-12,
    "pad_token_id": 0, "torch_dtype": "float32",
}
ROBERTA = BERT | {"model_type": "roberta", "type_vocab_size": 1, "pad_token_id": 1, "layer_norm_eps": 1e-5}
DISTILBERT = {
    "model_type": "distilbert", "vocab_size": 64, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 56,
    "activation": "gelu", "dropout": 0.0, "attention_dropout": 0.0, "seq_classif_dropout": 0.0,
    "max_position_embeddings": 24, "initializer_range": 0.02, "pad_token_id": 0, "torch_dtype": "float32",
}
SMALL_DISTILBERT = {"dim": 16, "n_heads": 2, "hidden_dim": 24}
ELECTRA = BERT | {"model_type": "electra", "embedding_size": 16}
ALBERT = BERT | {
    "model_type": "albert", "embedding_size": 16, "num_hidden_layers": 4, "num_hidden_groups": 2,
    "hidden_act": "gelu_new", "classifier_dropout_prob": 0.0,
}
SMALL = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 24}
DEBERTA = BERT | SMALL | {
    "model_type": "deberta-v2", "layer_norm_eps": 1e-7, "type_vocab_size": 0, "relative_attention": True,
    "position_biased_input": False, "pos_att_type": ["p2c", "c2p"], "position_buckets": 8,
    "max_relative_positions": -1, "share_att_key": True, "norm_rel_ebd": "layer_norm", "pooler_dropout": 0.0,
    "pooler_hidden_act": "gelu", "pooler_hidden_size": 16,
}
DEBERTA_V1 = BERT | SMALL | {
    "model_type": "deberta", "layer_norm_eps": 1e-7, "type_vocab_size": 0, "relative_attention": True,
    "position_biased_input": False, "pos_att_type": ["c2p", "p2c"], "max_relative_positions": -1,
    "pooler_dropout": 0.0, "pooler_hidden_act": "gelu", "pooler_hidden_size": 16,
}
MODERNBERT = {
    "model_type": "modernbert", "vocab_size": 64, "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2,
    "intermediate_size": 24, "hidden_activation": "gelu", "max_position_embeddings": 24, "initializer_range": 0.02,
    "norm_eps": 1e-5, "norm_bias": False, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1,
    "sep_token_id": 2, "attention_bias": False, "mlp_bias": False, "global_attn_every_n_layers": 2,
    "local_attention": 40, "global_rope_theta": 160000.0, "local_rope_theta": 10000.0, "classifier_pooling": "cls",
    "torch_dtype": "float32",
}
T5 = {
    "model_type": "t5", "vocab_size": 64, "d_model": 16, "d_kv": 4, "num_heads": 4, "d_ff": 24, "num_layers": 2,
    "relative_attention_num_buckets": 8, "relative_attention_max_distance": 12, "dropout_rate": 0.0,
    "classifier_dropout": 0.0, "feed_forward_proj": "relu", "layer_norm_epsilon": 1e-6, "pad_token_id": 0,
    "eos_token_id": 1, "decoder_start_token_id": 0, "torch_dtype": "float32",
}
GATED_T5 = T5 | {"feed_forward_proj": "gated-gelu"}
# The class that the checkpoint is saved from, its configuration, and the number of labels.
CASES = {
    "bert": ("BertForSequenceClassification", BERT, 3),
    "bert-tokens": ("BertForTokenClassification", BERT, 5),
    "bert-bare": ("BertModel", BERT | {"hidden_act": "relu"}, 2),
    "roberta": ("RobertaForSequenceClassification", ROBERTA, 2),
    "roberta-tokens": ("RobertaForTokenClassification", ROBERTA, 3),
    "xlm-roberta": ("XLMRobertaForSequenceClassification", ROBERTA | {"model_type": "xlm-roberta"}, 3),
    "distilbert": ("DistilBertForSequenceClassification", DISTILBERT, 1),
    "distilbert-tokens": ("DistilBertForTokenClassification", DISTILBERT, 4),
    "electra": ("ElectraForSequenceClassification", ELECTRA, 2),
    "electra-tokens": ("ElectraForTokenClassification", ELECTRA | {"embedding_size": 32}, 2),
    "albert": ("AlbertForSequenceClassification", ALBERT, 2),
    "albert-tokens": ("AlbertForTokenClassification", ALBERT | {"inner_group_num": 2}, 3),
    "bert-answers": ("BertForQuestionAnswering", BERT | SMALL, 2),
    "distilbert-answers": ("DistilBertForQuestionAnswering", DISTILBERT | SMALL_DISTILBERT | {"qa_dropout": 0.0}, 2),
    "modernbert-answers": ("ModernBertForQuestionAnswering", MODERNBERT | {"local_attention": 8}, 2),
    "bert-masked": ("BertForMaskedLM", BERT | SMALL, 2),
    "roberta-masked": ("RobertaForMaskedLM", ROBERTA | SMALL, 2),
    "distilbert-masked": ("DistilBertForMaskedLM", DISTILBERT | SMALL_DISTILBERT, 2),
    "electra-masked": ("ElectraForMaskedLM", ELECTRA | SMALL | {"embedding_size": 8}, 2),
    "albert-masked": ("AlbertForMaskedLM", ALBERT | SMALL | {"embedding_size": 8}, 2),
    "deberta-masked": ("DebertaV2ForMaskedLM", DEBERTA, 2),
    "modernbert-masked": ("ModernBertForMaskedLM", MODERNBERT | {"classifier_bias": True, "local_attention": 8}, 2),
    "deberta": ("DebertaV2ForSequenceClassification", DEBERTA, 3),
    "deberta-tokens": (
        "DebertaV2ForTokenClassification",
        DEBERTA | {"share_att_key": False, "position_buckets": -1, "max_relative_positions": 6, "norm_rel_ebd": "none",
                   "position_biased_input": True, "type_vocab_size": 2, "pos_att_type": "c2p|p2c"}, 3),
    "deberta-convolution": (
        "DebertaV2ForSequenceClassification",
        DEBERTA | {"conv_kernel_size": 3, "conv_act": "gelu", "pos_att_type": ["c2p"], "embedding_size": 8,
                   "position_buckets": 6}, 2),
    "modernbert": ("ModernBertForSequenceClassification", MODERNBERT, 3),
    "modernbert-mean": (
        "ModernBertForSequenceClassification",
        MODERNBERT | {"classifier_pooling": "mean", "local_attention": 8, "norm_bias": True, "attention_bias": True,
                      "mlp_bias": True, "num_hidden_layers": 4, "global_attn_every_n_layers": 3}, 2),
    "modernbert-tokens": ("ModernBertForTokenClassification", MODERNBERT | {"local_attention": 8}, 3),
    "deberta-v1": ("DebertaForSequenceClassification", DEBERTA_V1, 3),
    "deberta-v1-tokens": (
        "DebertaForTokenClassification",
        DEBERTA_V1 | {"pos_att_type": "p2c", "max_relative_positions": 6, "position_biased_input": True,
                      "type_vocab_size": 2}, 3),
    "deberta-v1-answers": ("DebertaForQuestionAnswering", DEBERTA_V1 | {"relative_attention": False}, 2),
    "deberta-v1-masked": ("DebertaForMaskedLM", DEBERTA_V1 | {"pos_att_type": ["c2p"], "embedding_size": 8}, 2),
    "t5-bare": ("T5EncoderModel", T5, 2),
    "t5-tokens": ("T5ForTokenClassification", T5 | {"num_decoder_layers": 1}, 3),
    "mt5-bare": ("MT5EncoderModel", GATED_T5 | {"model_type": "mt5"}, 2),
    "umt5-tokens": ("UMT5ForTokenClassification", GATED_T5 | {"model_type": "umt5"}, 3),
}
# Families without segments.
PLAIN = ("distilbert", "modernbert", "t5", "mt5", "umt5")
# Cases that LoRA is trained on: what is in a row besides its ids, PEFT's task, and target modules.
TRAINED = {
    "bert": ("label", "SEQ_CLS", None),
    "deberta": ("label", "SEQ_CLS", None),
    "deberta-v1": ("label", "SEQ_CLS", None),
    "modernbert-mean": ("label", "SEQ_CLS", ["Wqkv", "Wo"]),
    "bert-answers": ("answer", "QUESTION_ANS", None),
    "bert-masked": ("labels", None, ["query", "value"]),
    "t5-tokens": ("classes", "TOKEN_CLS", None),
}
STEPS, BATCH, RATE = 10, 4, 5e-3


def historical(name):
    """The spelling of the first converted checkpoints."""
    return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")


def write_checkpoint(name, architecture, config, labels):
    folder = OUTPUT / name
    names = {str(label): f"LABEL_{label}" for label in range(labels)}
    golden.write_json(folder / "config.json", config | {"architectures": [architecture], "id2label": names})
    parsed = transformers.AutoConfig.from_pretrained(folder)
    model = getattr(transformers, architecture)(parsed)
    golden.randomize(model, "encoders", name)
    state = {key: value for key, value in model.state_dict().items() if not key.endswith("embed_tokens.weight")}
    for key in state:
        if key.endswith(("shared.weight", "relative_attention_bias.weight")):
            # Larger than usual, so that attention looks at something.
            state[key] = golden.randn(state[key].shape, 1.0, "encoders", name, key)
    if any(key.endswith("shared.weight") for key in state):
        model.load_state_dict(state, strict=False)
    if name == "bert-bare":
        state = {historical(key): value for key, value in state.items()}
        state["embeddings.position_ids"] = torch.arange(config["max_position_embeddings"])[None]
    golden.write_tensors(folder / "model.safetensors", state)
    return model.eval()


def rows(name, config):
    """Token ids of odd lengths with the segments of a pair; none of the ids is padding."""
    for row, length in enumerate(LENGTHS):
        ids = randint(3, config["vocab_size"], (length,), "encoders", name, row)
        types = torch.zeros_like(ids)
        if config.get("type_vocab_size", 0) > 1:
            types[length // 2:] = 1
        yield ids, types


def outputs(model, ids, types, mask=None):
    """Logits, or the last hidden states of a bare body."""
    segments = {} if model.config.model_type in PLAIN else {"token_type_ids": types}
    with torch.no_grad():
        result = model(input_ids=ids, attention_mask=mask, **segments)
    return torch.stack(result[:2], dim=-1) if "start_logits" in result else result[0]


def expected(name, model, config):
    """Every row alone, and all of them padded on either side."""
    data, width, tensors = list(rows(name, config)), max(LENGTHS), {}
    for row, (ids, types) in enumerate(data):
        tensors |= {f"row.{row}.input_ids": ids, f"row.{row}.token_type_ids": types,
                    f"row.{row}.output": outputs(model, ids[None], types[None])[0]}
    for side in ("right", "left"):
        batch = torch.full((len(data), width), config["pad_token_id"])
        kinds, mask = torch.zeros_like(batch), torch.zeros_like(batch)
        for row, (ids, types) in enumerate(data):
            place = slice(0, len(ids)) if side == "right" else slice(width - len(ids), width)
            batch[row, place], kinds[row, place], mask[row, place] = ids, types, 1
        tensors |= {f"{side}.input_ids": batch, f"{side}.token_type_ids": kinds, f"{side}.attention_mask": mask,
                    f"{side}.output": outputs(model, batch, kinds, mask)}
    return tensors


def training_rows(kind):
    """Pairs with a class each, an answer's first and last token, a class for each token, or hidden tokens."""
    result = []
    for index, length in enumerate([9, 4, 17, 6, 12, 3, 8, 15, 5, 11]):
        ids = randint(3, 64, (length,), "encoders", "training", index).tolist()
        types = [int(place >= length // 2) for place in range(length)]
        row = {"input_ids": ids, "token_type_ids": types}
        if kind == "label":
            row["label"] = index % 3
        elif kind == "answer":
            row |= {"start_positions": length // 3, "end_positions": length - 1 - index % 2}
        elif kind == "classes":
            row["labels"] = [-100 if place == 0 else id % 3 for place, id in enumerate(ids)]
        else:
            hidden = set(randint(0, length, (2,), "encoders", "hidden", index).tolist())
            row["labels"] = [id if place in hidden else -100 for place, id in enumerate(ids)]
            row["input_ids"] = [3 if place in hidden else id for place, id in enumerate(ids)]
        result.append(row)
    return result


def collate(data, step, config):
    chosen = [data[(step * BATCH + place) % len(data)] for place in range(BATCH)]
    width = max(len(row["input_ids"]) for row in chosen)

    def padded(values, filler=0):
        return torch.tensor([row + [filler] * (width - len(row)) for row in values])

    batch = {"input_ids": padded([row["input_ids"] for row in chosen]),
             "attention_mask": padded([[1] * len(row["input_ids"]) for row in chosen])}
    if config.model_type not in PLAIN:
        batch["token_type_ids"] = padded([row["token_type_ids"] for row in chosen])
    if "label" in chosen[0]:
        batch["labels"] = torch.tensor([row["label"] % config.num_labels for row in chosen])
    elif "labels" in chosen[0]:
        batch["labels"] = padded([row["labels"] for row in chosen], -100)
    else:
        for end in ("start_positions", "end_positions"):
            batch[end] = torch.tensor([row[end] for row in chosen])
    return batch


def write_training(name, kind, task, targets):
    """LoRA with the usual targets, and the head trained whole."""
    folder, data, trace = OUTPUT / ("training" if name == "bert" else f"training-{name}"), training_rows(kind), []
    labels = CASES[name][2]
    rows = [row | {"label": row["label"] % labels} if "label" in row else row for row in data]
    golden.write_jsonl(folder / "rows.jsonl", rows)
    golden.seed("encoders", "training")
    loader = getattr(transformers, CASES[name][0])
    base = loader.from_pretrained(OUTPUT / name)
    base.name_or_path = f"encoders/{name}"
    model = get_peft_model(base, LoraConfig(r=4, lora_alpha=8, task_type=task, target_modules=targets)).train()
    golden.save_adapter(model, folder / "initial")
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=RATE, weight_decay=0.0)
    for step in range(STEPS):
        # Not through PEFT's own forward pass, which loses the segments of a question and its passage.
        loss = model.base_model(**collate(data, step, base.config)).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(trained, float("inf"))
        optimizer.step()
        optimizer.zero_grad()
        trace.append({"step": step + 1, "loss": loss.item(), "grad_norm": norm.item()})
    golden.save_adapter(model, folder / "final")
    settings = {"model": name, "steps": STEPS, "batch_size": BATCH, "learning_rate": RATE}
    golden.write_table(folder / "run.json", settings | {"trace": trace})
    print(f"training {name}: {trace[0]['loss']:.4f} -> {trace[-1]['loss']:.4f}")


def main():
    golden.check_versions()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    for name, (architecture, config, labels) in CASES.items():
        model = write_checkpoint(name, architecture, config, labels)
        tensors = expected(name, model, config)
        golden.write_tensors(OUTPUT / name / "expected.safetensors", tensors)
        print(f"{name}: output std {tensors['right.output'].std():.3f}")
    for name, (kind, task, targets) in TRAINED.items():
        write_training(name, kind, task, targets)


if __name__ == "__main__":
    main()
