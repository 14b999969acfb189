"""Writes sentences/: a tiny random BERT with a tokenizer, and the vectors of texts that transformers computes with it."""

import shutil

import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

import golden
from golden import ROOT

OUTPUT = ROOT / "sentences"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ("the a man woman dog cat is was plays runs eats reads sleeps on in under house garden tree book food quickly "
         "slowly where who what does ? . , not and ##s ##ing").split()
TEXTS = ["The man reads a book.", "A cat sleeps", "the dog, the cat and the woman eating food in the garden slowly",
         "unknown", "Runs", "A man plays. A man plays."]
CONFIG = {
    "model_type": "bert", "architectures": ["BertModel"], "vocab_size": len(SPECIAL) + len(WORDS), "hidden_size": 16,
    "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24, "hidden_act": "gelu",
    "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "max_position_embeddings": 24,
    "type_vocab_size": 2, "initializer_range": 0.02, "layer_norm_eps": 1e-12, "pad_token_id": 0,
    "torch_dtype": "float32",
}


def write_tokenizer():
    vocabulary = {word: index for index, word in enumerate(SPECIAL + WORDS)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]")
    fast.save_pretrained(OUTPUT)
    return fast


def pooled(hidden, mask, kind):
    weights = mask.unsqueeze(-1).float()
    if kind == "mean":
        return (hidden * weights).sum(1) / weights.sum(1)
    if kind == "cls":
        return hidden[:, 0]
    return hidden.masked_fill(weights == 0, -1e9).max(1).values


def main():
    golden.check_versions()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    golden.write_json(OUTPUT / "config.json", CONFIG)
    tokenizer = write_tokenizer()
    model = transformers.BertModel(transformers.AutoConfig.from_pretrained(OUTPUT)).eval()
    golden.randomize(model, "sentences")
    golden.write_tensors(OUTPUT / "model.safetensors", dict(model.state_dict()))
    golden.write_json(OUTPUT / "1_Pooling/config.json", {"word_embedding_dimension": 16, "pooling_mode_mean_tokens": True})
    golden.write_json(OUTPUT / "modules.json", [{"idx": 0, "type": "sentence_transformers.models.Transformer"},
                                                {"idx": 1, "type": "sentence_transformers.models.Pooling"},
                                                {"idx": 2, "type": "sentence_transformers.models.Normalize"}])
    golden.write_jsonl(OUTPUT / "texts.jsonl", [{"text": text} for text in TEXTS])
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**batch).last_hidden_state
    vectors = {kind: pooled(hidden, batch["attention_mask"], kind) for kind in ("mean", "cls", "max")}
    vectors["normalized"] = torch.nn.functional.normalize(vectors["mean"], dim=1)
    golden.write_tensors(OUTPUT / "expected.safetensors", vectors)


if __name__ == "__main__":
    main()
