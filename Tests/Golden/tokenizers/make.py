#!/usr/bin/env python3
"""Makes the reference tokenizers and what Hugging Face's `tokenizers` makes of texts with them.

Every folder in `pipelines` gets a `tokenizer.json`, trained here on text this script writes, and a `cases.json` with
ids, tokens, offsets, masks and decodings of texts chosen to be awkward. Every folder in `layouts` gets the files of an
older layout, and what transformers makes of texts with them. `expressions.json` says what regular expressions match, `training` has what
trainers learn.

Usage: Tests/Golden/tokenizers/make.py [name ...]
       (needs: pip install tokenizers==0.23.3 transformers==5.23.2 sentencepiece tiktoken protobuf)
"""

import base64
import json
import os
import pathlib
import random
import sys
import tempfile

import sentencepiece
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


@tokenizer
def bert_style():
    """BERT's normalization and WordPiece; pairs with segments."""
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=12))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    train(t, quiet(trainers.WordPieceTrainer, 350, special_tokens=special, limit_alphabet=80))
    t.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return t


@tokenizer
def bert_cut():
    """The same, cased, with BertProcessing, cut to twelve tokens and filled up on the left."""
    t = bert_style()
    t.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=True, handle_chinese_chars=False)
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    t.enable_truncation(12, stride=2)
    t.enable_padding(direction="left", pad_id=0, pad_type_id=1, pad_token="[PAD]", length=16)
    return t


@tokenizer
def roberta_style():
    """RobertaProcessing on byte-level tokens; truncation from the left of the longer text."""
    t = Tokenizer(models.BPE(dropout=None, continuing_subword_prefix="", end_of_word_suffix=""))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    train(t, quiet(trainers.BpeTrainer, 380, initial_alphabet=ALPHABET, special_tokens=["<s>", "<pad>", "</s>"]))
    t.add_special_tokens([AddedToken("[MASK]", lstrip=True)])
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=True)
    t.enable_truncation(20, direction="left")
    t.enable_padding(pad_id=1, pad_token="<pad>", pad_to_multiple_of=4)
    return t


@tokenizer
def clip_style():
    """As CLIP's: lower case, a suffix that ends words, an unknown token, pieces kept rather than removed."""
    t = Tokenizer(models.BPE(unk_token="<|end|>", end_of_word_suffix="</w>"))
    t.normalizer = normalizers.Sequence([
        normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(CLIP), "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.BPEDecoder("</w>")])
    train(t, quiet(trainers.BpeTrainer, 620, initial_alphabet=ALPHABET, end_of_word_suffix="</w>",
                   special_tokens=["<|start|>", "<|end|>"]))
    t.post_processor = processors.RobertaProcessing(("<|end|>", 1), ("<|start|>", 0), trim_offsets=False)
    return t


CLIP = (r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")


@tokenizer
def falcon_style():
    """As Falcon's: the pre-tokenizers after ByteLevel see bytes as characters."""
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False),
        pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated")])
    t.decoder = decoders.ByteLevel()
    train(t, quiet(trainers.BpeTrainer, 400, initial_alphabet=ALPHABET))
    t.add_special_tokens(["<|end|>", ">>TITLE<<"])
    return t


def rules():
    """A small set of SentencePiece normalization rules, compiled by it."""
    pairs = [("\ufb01", "fi"), ("e\u0301", "é"), ("１", "1"), ("２", "2"), ("\u3000", " "), ("\u00a0", " "),
             ("\u200b", ""), ("ǆ", "dž"), ("\t", " "), ("\n", " "), ("\r", " "), ("Ａ", "A"), ("½", "1⁄2")]
    lines = ["%s\t%s" % (" ".join("%X" % ord(c) for c in a), " ".join("%X" % ord(c) for c in b)) for a, b in pairs]
    return "\n".join(lines) + "\n"


def sentencepiece_model(model_type, **options):
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/text", "w", encoding="utf-8") as f:
            f.write("\n".join(corpus(1)))
        with open(folder + "/rules", "w", encoding="utf-8") as f:
            f.write(rules())
        options.setdefault("normalization_rule_tsv", folder + "/rules")
        if options["normalization_rule_tsv"] is None:
            options.pop("normalization_rule_tsv")
            options["normalization_rule_name"] = "identity"
        sentencepiece.SentencePieceTrainer.train(
            input=folder + "/text", model_prefix=folder + "/m", model_type=model_type, minloglevel=2, num_threads=1,
            **options)
        return pathlib.Path(folder + "/m.model").read_bytes()


def charsmap():
    from sentencepiece import sentencepiece_model_pb2
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(sentencepiece_model("unigram", vocab_size=250, character_coverage=0.98))
    return proto.normalizer_spec.precompiled_charsmap


@tokenizer
def t5_style():
    """As T5's: SentencePiece's rules, word marks, a unigram model."""
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Precompiled(charsmap())
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    t.decoder = decoders.Metaspace()
    train(t, quiet(trainers.UnigramTrainer, 300, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>"))
    t.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    return t


@tokenizer
def unigram_bytes():
    """A unigram model that falls back to bytes, on whole texts."""
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([
        normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), "▁")])
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    t.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="first")])
    special = ["<unk>", "<s>"] + ["<0x%02X>" % byte for byte in range(256)]
    train(t, quiet(trainers.UnigramTrainer, 460, special_tokens=special, unk_token="<unk>",
                   initial_alphabet=["a"]))
    state = json.loads(t.to_str())
    state["model"]["byte_fallback"] = True
    state["added_tokens"] = state["added_tokens"][:2]
    return Tokenizer.from_str(json.dumps(state))


def words(normalizer, pre_tokenizer, decoder=None):
    t = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer = normalizer, pre_tokenizer
    if decoder:
        t.decoder = decoder
    return train(t, quiet(trainers.WordLevelTrainer, 120, special_tokens=["[UNK]"]))


@tokenizer
def words_nfkd():
    """NFKD without marks, stripped; words and what is between them."""
    return words(
        normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Strip()]),
        pre_tokenizers.Whitespace(), decoders.WordPiece("##", cleanup=True))


@tokenizer
def words_scripts():
    """Scripts, digits and punctuation, the latter with what follows it."""
    return words(
        normalizers.Sequence([normalizers.NFD(), normalizers.Strip(left=True, right=False)]),
        pre_tokenizers.Sequence([
            pre_tokenizers.UnicodeScripts(), pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.Punctuation("merged_with_next")]),
        decoders.Sequence([decoders.Fuse(), decoders.Replace(Regex("[aeiou]+"), "*")]))


@tokenizer
def words_delimited():
    """A delimiter, fixed lengths, matches with what precedes them, all bytes written out."""
    return words(
        normalizers.Sequence([normalizers.Lowercase(), normalizers.ByteLevel()]),
        pre_tokenizers.Sequence([
            pre_tokenizers.CharDelimiterSplit("e"), pre_tokenizers.Split("a", "merged_with_previous"),
            pre_tokenizers.FixedLength(4)]),
        decoders.CTC("[UNK]", "Ġ", cleanup=True))


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


def write_cases(folder, t):
    texts = [(text, None) for text in TEXTS] + PAIRS
    cases = [case(t, text, pair, special) for special in (True, False) for text, pair in texts]
    lines = [json.dumps(c, ensure_ascii=False, separators=(",", ":")) for c in cases if c]
    (folder / "cases.json").write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def write_pipeline(name):
    folder = HERE / "pipelines" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(TOKENIZERS[name]().to_str(), encoding="utf-8")
    write_cases(folder, Tokenizer.from_file(str(folder / "tokenizer.json")))


LAYOUTS = {}


def layout(make):
    LAYOUTS[make.__name__.replace("_", "-")] = make
    return make


def vocabulary_files(t):
    state = json.loads(t.to_str())["model"]
    merges = "#version: 0.2\n" + "".join("%s %s\n" % tuple(m) for m in state["merges"])
    return {"vocab.json": json.dumps(state["vocab"], ensure_ascii=False).encode(), "merges.txt": merges.encode()}


def config(**fields):
    return {"tokenizer_config.json": json.dumps(fields, ensure_ascii=False).encode()}


@layout
def gpt2_files():
    return vocabulary_files(byte_level()) | config(tokenizer_class="GPT2Tokenizer", add_prefix_space=True,
                                                   model_max_length=64, add_bos_token=True)


@layout
def roberta_files():
    return vocabulary_files(roberta_style()) | config(tokenizer_class="RobertaTokenizer") | {
        "special_tokens_map.json": json.dumps({"mask_token": {
            "content": "[MASK]", "lstrip": True, "rstrip": False, "normalized": False, "single_word": False}}).encode()}


@layout
def clip_files():
    return vocabulary_files(clip_style()) | config(
        tokenizer_class="CLIPTokenizer", bos_token="<|start|>", eos_token="<|end|>", unk_token="<|end|>",
        pad_token="<|end|>")


@layout
def qwen_files():
    return vocabulary_files(qwen_style()) | config(
        tokenizer_class="Qwen2Tokenizer", eos_token="<|end|>", pad_token="<|end|>", unk_token="<|end|>",
        additional_special_tokens=["<sep>"])


@layout
def bert_files():
    vocab = bert_style().get_vocab()
    lines = "".join(token + "\n" for token in sorted(vocab, key=vocab.get))
    return {"vocab.txt": lines.encode()} | config(tokenizer_class="BertTokenizer", do_lower_case=False,
                                                  tokenize_chinese_chars=False)


@layout
def llama_files():
    model = sentencepiece_model("bpe", vocab_size=620, byte_fallback=True, normalization_rule_tsv=None,
                                remove_extra_whitespaces=False, user_defined_symbols=["<sep>"])
    return {"tokenizer.model": model} | config(tokenizer_class="LlamaTokenizer", add_bos_token=True,
                                               add_eos_token=True)


@layout
def llama_legacy_files():
    model = sentencepiece_model("bpe", vocab_size=620, byte_fallback=True, normalization_rule_tsv=None,
                                remove_extra_whitespaces=False)
    return {"tokenizer.model": model} | config(tokenizer_class="LlamaTokenizer", legacy=True, add_bos_token=True)


@layout
def t5_files():
    model = sentencepiece_model("unigram", vocab_size=250, character_coverage=0.98, pad_id=0, eos_id=1, unk_id=2,
                                bos_id=-1)
    return {"spiece.model": model} | config(tokenizer_class="T5Tokenizer", extra_ids=3)


def write_layout(name):
    from transformers import AutoTokenizer
    folder = HERE / "layouts" / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in LAYOUTS[name]().items():
        (folder / file).write_bytes(content)
    loaded = AutoTokenizer.from_pretrained(str(folder))
    write_cases(folder, loaded._tokenizer)
    roles = {role: loaded.convert_tokens_to_ids(str(token)) for role, token in loaded.special_tokens_map.items()
             if isinstance(token, str) or isinstance(token, AddedToken)}
    (folder / "roles.json").write_text(json.dumps(roles, indent=1) + "\n")


# Expressions that tokenizers in use split at, and some that try every construct.
EXPRESSIONS = [
    QWEN, QWEN.replace(r"|\p{N}|", r"|\p{N}{1,3}|"), CLIP,
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|"
    r"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|"
    r"\s+(?!\S)|\s",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|"
    r"\s*[\r\n]+|\s+(?!\S)|\s+",
    r"[一-龥぀-ゟ゠-ヿ]+", r"[\p{Han}]+|[\p{L}&&[^\p{Han}]]+", r" ?[^(\s|[.,!?…。，、।۔،])]+", r"[0-9][0-9][0-9]",
    r"(?<=\p{Ll})(?=\p{Lu})", r"(?<!\d)\d{1,2}(?!\d)", r"(?<=a|bc|\s)\w", r"(?>a+|\w)b?", r"\b\w{2,3}?\b", r"^.", r".$",
    r"\A\w+|\w+\z", r"(?i:ß|ſ|k)|(?i)straße", r"[[:alpha:]]+|[[:^space:]]", r"[^\W\d_]+", r"\R|\h{2}", r"x*", r"(?m:a.)|\N\n",
    "(?x: [ ] \\p{L} # a comment\n )", r"(?:a|ab)(?:c|bcd)?(?:d*)", r"(a+)+$", r"(?:(?:)*a)*", r"\x{41}|\u0042|\x43|\141",
    r"\p{^L}+|\P{Lu}", r"\W+|\w+", r"\p{Greek}+|\p{Hiragana}|\p{Cyrillic}{2}", r"\Gl|\s+\S{,2}",
]


def write_expressions():
    texts = [t for t in TEXTS if t] + ["XMLHttpRequest fooBar camelCase", "aaaab abcd abcabc", "l l\nl", "ABCabc"]
    lines = []
    for expression in EXPRESSIONS:
        splitter = pre_tokenizers.Split(Regex(expression), "removed", invert=True)
        matches = [[list(span) for _, span in splitter.pre_tokenize_str(text)] for text in texts]
        lines.append(json.dumps([expression, matches], ensure_ascii=False, separators=(",", ":")))
    text = '{"texts":%s,\n"matches":[\n%s\n]}\n' % (json.dumps(texts, ensure_ascii=False), ",\n".join(lines))
    (HERE / "expressions.json").write_text(text, encoding="utf-8")


def write_training():
    """What the trainers, as far as they are deterministic, learn from a text."""
    folder = HERE / "training"
    folder.mkdir(exist_ok=True)
    lines = list(corpus(7, 400))
    (folder / "corpus.json").write_text(json.dumps(lines, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.train_from_iterator(lines, quiet(trainers.BpeTrainer, 400, initial_alphabet=ALPHABET, special_tokens=["<|end|>"]))
    (folder / "byte-level.json").write_text(t.to_str(), encoding="utf-8")
    t = Tokenizer(models.BPE(unk_token="<unk>"))
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    t.train_from_iterator(lines, quiet(trainers.BpeTrainer, 300, limit_alphabet=30, min_frequency=20,
                                       special_tokens=["<unk>"]))
    (folder / "limited.json").write_text(t.to_str(), encoding="utf-8")
    t = Tokenizer(models.Unigram())
    t.normalizer, t.pre_tokenizer = normalizers.NFKC(), pre_tokenizers.Metaspace()
    t.train_from_iterator(lines, quiet(trainers.UnigramTrainer, 200, special_tokens=["<pad>", "</s>", "<unk>"],
                                       unk_token="<unk>"))
    (folder / "unigram.json").write_text(t.to_str(), encoding="utf-8")


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    chosen = sys.argv[1:] or [*TOKENIZERS, *LAYOUTS, "expressions", "training"]
    for name in chosen:
        if name in TOKENIZERS:
            write_pipeline(name)
        elif name in LAYOUTS:
            write_layout(name)
        elif name == "training":
            write_training()
        else:
            write_expressions()
