"""Times greedy generation of transformers, with or without an adapter, for a batch of equally long prompts."""

import time

import peers


def main():
    options = peers.parser(__doc__)
    options.add_argument("--adapter")
    options.add_argument("--batch-size", type=int, default=1)
    options.add_argument("--prompt-length", type=int, default=32)
    options.add_argument("--max-new-tokens", type=int, default=64)
    options.add_argument("--repeats", type=int, default=3)
    arguments, import_seconds = peers.start(options)
    import torch
    from peft import PeftModel

    model, load_seconds = peers.load(arguments)
    if arguments.adapter:
        model = PeftModel.from_pretrained(model, arguments.adapter)
    model.eval()
    prompt = torch.randint(3, model.config.vocab_size, (arguments.batch_size, arguments.prompt_length))
    prompt = prompt.to(arguments.device)
    count = arguments.max_new_tokens
    seconds, text = [], None
    for _ in range(arguments.repeats + 1):
        began = time.perf_counter()
        with torch.inference_mode():
            text = model.generate(
                input_ids=prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=count, min_new_tokens=count,
                do_sample=False, pad_token_id=0)
        peers.wait(arguments)
        seconds.append(time.perf_counter() - began)
    timed = seconds[1:]
    peers.report(
        seconds_median=peers.median(timed), tokens_per_second=arguments.batch_size * count / peers.median(timed),
        prompt=prompt.tolist(), output=text[:, arguments.prompt_length:].tolist(), import_seconds=import_seconds,
        load_seconds=load_seconds)


if __name__ == "__main__":
    main()
