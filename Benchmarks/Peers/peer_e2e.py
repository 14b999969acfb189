"""Fine-tunes a language model on prompts and completions with Hugging Face PEFT as `peft train` does; saves the adapter.

    .venv/bin/python Benchmarks/Peers/peer_e2e.py --model story-656k --data rows/train.jsonl --output tuned --rank 32

What it writes is then scored by `peft eval --adapter tuned`, as ours is. Prints one JSON object.
"""

import itertools
import random
import time

import peers
from peer_glue import shuffled


def options():
    result = peers.parser(__doc__.splitlines()[0])
    result.add_argument("--data", required=True)
    result.add_argument("--output", required=True)
    result.add_argument("--method", default="lora", choices=["lora", "dora"])
    result.add_argument("--rank", type=int, default=32)
    result.add_argument("--learning-rate", type=float, default=1e-2)
    result.add_argument("--batch-size", type=int, default=32)
    result.add_argument("--steps", type=int, default=400)
    result.add_argument("--warmup-steps", type=int, default=20)
    result.add_argument("--max-length", type=int, default=256)
    return result


def tokenized(row, tokenizer, end, length):
    """A prompt and its completion as one text with the token `end` behind it; the completion alone is learned."""
    found, prompt = tokenizer.encode(row["prompt"] + row["completion"]), len(row["prompt"])
    ids = found.ids + [end]
    learned = [stop > prompt for _, stop in found.offsets] + [True]
    labels = [token if is_learned else -100 for token, is_learned in zip(ids, learned)]
    return {"input_ids": ids[:length], "labels": labels[:length]}


def main():
    asked, _ = peers.start(options())
    import torch
    import transformers
    from peft import LoraConfig, get_peft_model
    from tokenizers import Tokenizer

    model, _ = peers.load(asked)
    # As the file has it: transformers 5 builds Llama's anew, and drops what the vocabulary lacks.
    tokenizer = Tokenizer.from_file(f"{asked.model}/tokenizer.json")
    model = get_peft_model(model, LoraConfig(
        r=asked.rank, lora_alpha=2 * asked.rank, target_modules="all-linear", task_type="CAUSAL_LM",
        use_dora=asked.method == "dora"))
    end = model.config.eos_token_id
    data = [tokenized(row, tokenizer, end, asked.max_length) for row in peers.read_rows(asked.data)]
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=asked.learning_rate, weight_decay=0.0)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, asked.warmup_steps, asked.steps)
    stream = shuffled(data, asked.batch_size, lambda rows: peers.padded(rows, asked.device), random.Random(asked.seed))
    model.train()
    began = time.perf_counter()
    for batch in itertools.islice(stream, asked.steps):
        loss = model(**batch, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    seconds = time.perf_counter() - began
    model.save_pretrained(asked.output)
    peers.report(final_loss=loss.item(), steps=asked.steps, seconds=seconds, trainable_parameters=sum(p.numel() for p in trained))


if __name__ == "__main__":
    main()
