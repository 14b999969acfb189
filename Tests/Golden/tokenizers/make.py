#!/usr/bin/env python3
"""Makes the reference tokenizers and what Hugging Face's `tokenizers` makes of texts with them.

Every folder beside this file gets a `tokenizer.json`, trained here on text this script writes, and a `cases.json`
with ids, tokens, offsets, masks and decodings of texts chosen to be awkward.

Usage: Tests/Golden/tokenizers/make.py [name ...]      (needs: pip install tokenizers)
"""

import json
import pathlib
import random
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).resolve().parent

WORDS = (
    "the a little cat dog bird house tree river stone walks runs sings sleeps finds loses under over near behind "
    "green blue heavy quiet morning evening it's don't we'll they've number 12 345 2024 3.14 hello, world! (yes) "
    "naïve café über straße señor día été garçon Москва город река читать слово 日本 東京 言葉 中文 分词 测试 "
    "한국어 단어 하늘 नमस्ते शब्द العربية كلمة שלום ไทย ελληνικά λόγος 🙂 👩‍🚀 snake_case camelCase x=1; {y} [z] "
    "<tag> a+b=c http://example.org/path?q=1 e-mail@example.org #hash -> =>"
).split()

TEXTS = [
    "", " ", "   ", "\n", "\r\n\r\n", "\t x\t", "a", "Hello, world!", " leading", "trailing ", "two  spaces   three",
    "it's IT'S we'll WE'LL they've I'm you'd 'tis ''s", "The cat's 3 little dogs ran 12345 miles in 2024.",
    "line one\nline two\r\nline three\n\n\nend", "naïve café über Straße ſtraße", "e\u0301 a\u0308 o\u0323\u0302 \u0344",
    "Москва — город на реке", "日本語の言葉。東京", "中文分词测试", "한국어 단어 \u1112\u1161\u11ab", "नमस्ते शब्द", "العربية كلمة", "שלום עולם",
    "ไทยไม่มีช่องว่าง", "🙂👩‍🚀👨‍👩‍👧‍👦🏳️‍🌈", "a\u00a0b\u2003c\u3000d\u200be\ufefff", "\x00\x01\x1f\x7f\u0080\u0085", "\ue000\uf8ff\U000f0000",
    "ﬁne ﬀ ² Ⅷ ½ １２３ ＡＢＣ", "İstanbul DŽ ǅ ẞ", "x=1; y={2}; /* c */ a->b[0] != NULL", "<0x41> ▁ ▁▁a Ġ Ċ", "</s> <s> <unk> <pad>",
    "<|end|>", "text<|end|>more<|end|> ", "before [MASK] after", "  [MASK]  ", "word<sep>word", "#hashtag ##ing @user",
    "𝒳𝔘𝕏 𐐀 𠀀", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "supercalifragilistic",
]
PAIRS = [("the cat", "the dog"), ("", "x"), ("a  b", ""), ("naïve 🙂", "日本 <|end|>")]


def corpus(seed, sentences=600):
    choose = random.Random(seed)
    for _ in range(sentences):
        line = " ".join(choose.choice(WORDS) for _ in range(choose.randrange(3, 12)))
        yield line[0].upper() + line[1:] if choose.random() < 0.4 else line


def train(tokenizer, trainer):
    tokenizer.train_from_iterator(corpus(1), trainer)
    return tokenizer


def quiet(kind, size, **options):
    return kind(vocab_size=size, show_progress=False, **options)


ALPHABET = pre_tokenizers.ByteLevel.alphabet()
TOKENIZERS = {}


def tokenizer(make):
    TOKENIZERS[make.__name__.replace("_", "-")] = make
    return make


@tokenizer
def byte_level():
    """As GPT-2's, its special token looked for in the normalized text."""
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    train(t, quiet(trainers.BpeTrainer, 420, initial_alphabet=ALPHABET))
    t.add_special_tokens([AddedToken("<|end|>", normalized=True)])
    return t


@tokenizer
def byte_level_trimmed():
    """As RoBERTa's: a space in front, trimmed offsets; added tokens that take white space and that stand alone."""
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.ByteLevel(trim_offsets=True)
    train(t, quiet(trainers.BpeTrainer, 400, initial_alphabet=ALPHABET))
    t.add_special_tokens([AddedToken("[MASK]", lstrip=True, rstrip=True), AddedToken("<|end|>", rstrip=True)])
    t.add_tokens([AddedToken("word", single_word=True), AddedToken("DŽ")])
    return t


QWEN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
        r"|\s+(?!\S)|\s+")


@tokenizer
def qwen_style():
    """Composed text split by Qwen 2's expression."""
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    train(t, quiet(trainers.BpeTrainer, 420, initial_alphabet=ALPHABET))
    t.add_special_tokens(["<|end|>"])
    return t


@tokenizer
def llama3_style():
    """Whole pieces that are tokens are not merged; numbers in threes; a beginning token and trimmed offsets."""
    t = Tokenizer(models.BPE(ignore_merges=True))
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN.replace(r"|\p{N}|", r"|\p{N}{1,3}|")), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    train(t, quiet(trainers.BpeTrainer, 420, initial_alphabet=ALPHABET, special_tokens=["<s>", "<|end|>"]))
    t.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 0)])])
    return t


def llama_base():
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    special = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % byte for byte in range(256)]
    trainer = quiet(trainers.BpeTrainer, 620, special_tokens=special, limit_alphabet=60)
    train(t, trainer)
    # Byte tokens are tokens of the model, not added ones.
    state = json.loads(t.to_str())
    state["added_tokens"] = state["added_tokens"][:3]
    return state


@tokenizer
def llama_style():
    """As Llama 2's: word marks by normalization, unknown characters as bytes, special tokens normalized."""
    state = llama_base()
    for token in state["added_tokens"]:
        token["normalized"] = True
    t = Tokenizer.from_str(json.dumps(state))
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    return t


@tokenizer
def metaspace_first():
    """As newer Llama-like files: word marks by the pre-tokenizer, before the first word only; no bytes for unknowns."""
    state = llama_base()
    state["normalizer"] = None
    state["pre_tokenizer"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
    state["model"]["byte_fallback"] = False
    return Tokenizer.from_str(json.dumps(state))


def case(t, text, pair, special):
    try:
        e = t.encode(text, pair, add_special_tokens=special)
    except BaseException:
        return None
    return {
        "text": text, "pair": pair, "special": special, "ids": e.ids, "tokens": e.tokens,
        "offsets": [list(o) for o in e.offsets], "type_ids": e.type_ids,
        "special_tokens_mask": e.special_tokens_mask, "attention_mask": e.attention_mask,
        "word_ids": e.word_ids, "sequence_ids": e.sequence_ids,
        "decoded": t.decode(e.ids, skip_special_tokens=False),
        "decoded_skipping": t.decode(e.ids, skip_special_tokens=True),
    }


def write(name):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    t = TOKENIZERS[name]()
    (folder / "tokenizer.json").write_text(t.to_str(), encoding="utf-8")
    t = Tokenizer.from_file(str(folder / "tokenizer.json"))
    texts = [(text, None) for text in TEXTS] + PAIRS
    cases = [case(t, text, pair, special) for special in (True, False) for text, pair in texts]
    lines = [json.dumps(c, ensure_ascii=False, separators=(",", ":")) for c in cases if c]
    (folder / "cases.json").write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    for chosen in sys.argv[1:] or TOKENIZERS:
        write(chosen)
