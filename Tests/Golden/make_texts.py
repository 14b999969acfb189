"""Writes texts/scores.json: BLEU and ROUGE of pairs of texts (install sacrebleu==2.5.1 and rouge-score==0.1.2 besides)."""

import json
from pathlib import Path

import sacrebleu
from rouge_score import rouge_scorer
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

PAIRS = [
    ("The Vaults pub near Café Adriatic has a 5 star rating.", "The Vaults pub near Café Adriatic has a 5 star rating."),
    ("Prices start at £30.50, they say.", "They say that prices start at £30.5"),
    ("a b c d e", "a b x d e f g"),
    ("It's a well-known 3-star (cheap) \"place\" &amp; it costs $1,000.00!", "It is a known 3 star place & costs $1,000."),
    ("", "nothing was written"),
    ("two\nlines-\nhere; and_more: x/y@z", "two lines here ; and_more : x / y @ z"),
    ("naïve ÄÖ 1.2.3 ... ,,x. 4-5", "Naive äö 1.2.3 . . . , x. 4 - 5"),
]
# Texts with several references, of different lengths.
SEVERAL = [
    ("The Vaults is a cheap pub.", ["The Vaults is a pub.", "A cheap pub is The Vaults, near the river.", "Cheap pub"]),
    ("a b c d", ["a b x y z", "q b c d e", "c d"]),
    ("one two three four five six", ["one two three", "four five six seven eight nine"]),
]
GROUPS = [[0], [1], [2], [3], [4], [5], [6], [0, 1, 2], [4, 0], list(range(7)), [2, 2, 5]]


def main():
    tokenizer, scorer = Tokenizer13a(), rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
    scores = []
    for group in GROUPS:
        texts, references = zip(*(PAIRS[index] for index in group))
        rouge = [scorer.score(reference, text) for text, reference in zip(texts, references)]
        means = {name: sum(row[name].fmeasure for row in rouge) / len(rouge) for name in rouge[0]}
        scores.append({"pairs": group, "bleu": sacrebleu.corpus_bleu(list(texts), [list(references)]).score} | means)
    most = [scorer.score_multi(references, text) for text, references in SEVERAL]
    longest = max(len(references) for _, references in SEVERAL)
    columns = [[(references + [None] * longest)[index] for _, references in SEVERAL] for index in range(longest)]
    several = {"bleu": sacrebleu.corpus_bleu([text for text, _ in SEVERAL], columns).score} | {
        name: sum(row[name].fmeasure for row in most) / len(most) for name in most[0]}
    several["texts"] = [{"text": text, "references": references} for text, references in SEVERAL]
    pairs = [{"text": text, "reference": reference, "tokens": tokenizer(text).split()} for text, reference in PAIRS]
    Path(__file__).resolve().parent.joinpath("texts/scores.json").write_text(
        json.dumps({"pairs": pairs, "scores": scores, "several": several}, indent=1) + "\n")


if __name__ == "__main__":
    main()
