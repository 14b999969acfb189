"""Times inference of Hugging Face PEFT with a different adapter for every row of a batch (`adapter_names`)."""

import time

import peers


def main():
    options = peers.parser(__doc__)
    options.add_argument("--adapters", type=int, default=8)
    options.add_argument("--rank", type=int, default=16)
    options.add_argument("--sequence-length", type=int, default=64)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--generate", type=int, help="time greedy generation of this many tokens instead of one pass")
    options.add_argument("--save-adapters", help="write the random adapters below this folder")
    arguments, import_seconds = peers.start(options)
    import torch
    from peft import LoraConfig, get_peft_model

    model, load_seconds = peers.load(arguments)
    names = [f"adapter{index}" for index in range(arguments.adapters)]
    for index, name in enumerate(names):
        config = LoraConfig(r=arguments.rank, lora_alpha=2 * arguments.rank, target_modules=peers.PROJECTIONS,
                            init_lora_weights=False, task_type="CAUSAL_LM")
        if index == 0:
            model = get_peft_model(model, config, adapter_name=name)
        else:
            model.add_adapter(name, config)
    if arguments.save_adapters:
        model.save_pretrained(arguments.save_adapters)
    model.eval()
    ids = torch.randint(3, model.config.vocab_size, (len(names), arguments.sequence_length), device=arguments.device)

    def once(**named):
        began = time.perf_counter()
        with torch.inference_mode():
            if arguments.generate:
                count = arguments.generate
                logits = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=count,
                                        min_new_tokens=count, do_sample=False, pad_token_id=0, **named)
            else:
                logits = model(input_ids=ids, **named).logits
        peers.wait(arguments)
        return time.perf_counter() - began, logits

    once(adapter_names=names)
    mixed = [once(adapter_names=names) for _ in range(arguments.repeats)]
    single = [once()[0] for _ in range(arguments.repeats)]
    logits = mixed[-1][1]
    median = peers.median([seconds for seconds, _ in mixed])
    peers.report(
        seconds_median=median, tokens_per_second=len(names) * (arguments.generate or arguments.sequence_length) / median,
        single_adapter_seconds_median=peers.median(single), input_ids=ids.tolist(),
        logits_norms=logits.float().flatten(1).norm(dim=1).tolist(),
        import_seconds=import_seconds, load_seconds=load_seconds)


if __name__ == "__main__":
    main()
