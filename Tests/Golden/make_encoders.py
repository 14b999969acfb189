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
ELECTRA = BERT | {"model_type": "electra", "embedding_size": 16}
ALBERT = BERT | {
    "model_type": "albert", "embedding_size": 16, "num_hidden_layers": 4, "num_hidden_groups": 2,
    "hidden_act": "gelu_new", "classifier_dropout_prob": 0.0,
}
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
    state = dict(model.state_dict())
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
    segments = {} if model.config.model_type == "distilbert" else {"token_type_ids": types}
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=mask, **segments)[0]


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


def training_rows():
    """Pairs with a class each."""
    result = []
    for index, length in enumerate([9, 4, 17, 6, 12, 3, 8, 15, 5, 11]):
        ids = randint(3, 64, (length,), "encoders", "training", index).tolist()
        types = [int(place >= length // 2) for place in range(length)]
        result.append({"input_ids": ids, "token_type_ids": types, "label": index % 3})
    return result


def collate(data, step):
    chosen = [data[(step * BATCH + place) % len(data)] for place in range(BATCH)]
    width = max(len(row["input_ids"]) for row in chosen)

    def padded(values):
        return torch.tensor([row + [0] * (width - len(row)) for row in values])

    return {"input_ids": padded([row["input_ids"] for row in chosen]),
            "token_type_ids": padded([row["token_type_ids"] for row in chosen]),
            "attention_mask": padded([[1] * len(row["input_ids"]) for row in chosen]),
            "labels": torch.tensor([row["label"] for row in chosen])}


def write_training():
    """LoRA with the usual targets, and the head trained whole."""
    folder, data, trace = OUTPUT / "training", training_rows(), []
    golden.write_jsonl(folder / "rows.jsonl", data)
    golden.seed("encoders", "training")
    base = transformers.AutoModelForSequenceClassification.from_pretrained(OUTPUT / "bert")
    base.name_or_path = "encoders/bert"
    model = get_peft_model(base, LoraConfig(r=4, lora_alpha=8, task_type="SEQ_CLS")).train()
    golden.save_adapter(model, folder / "initial")
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=RATE, weight_decay=0.0)
    for step in range(STEPS):
        loss = model(**collate(data, step)).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(trained, float("inf"))
        optimizer.step()
        optimizer.zero_grad()
        trace.append({"step": step + 1, "loss": loss.item(), "grad_norm": norm.item()})
    golden.save_adapter(model, folder / "final")
    settings = {"steps": STEPS, "batch_size": BATCH, "learning_rate": RATE}
    golden.write_table(folder / "run.json", settings | {"trace": trace})
    print(f"training: {trace[0]['loss']:.4f} -> {trace[-1]['loss']:.4f}")


def main():
    golden.check_versions()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    for name, (architecture, config, labels) in CASES.items():
        model = write_checkpoint(name, architecture, config, labels)
        tensors = expected(name, model, config)
        golden.write_tensors(OUTPUT / name / "expected.safetensors", tensors)
        print(f"{name}: output std {tensors['right.output'].std():.3f}")
    write_training()


if __name__ == "__main__":
    main()
