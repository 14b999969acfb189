"""Times training steps of Hugging Face PEFT on a causal language model; prints the keys of `peft bench`, and losses."""

import time

import peers


def options():
    result = peers.parser(__doc__)
    result.add_argument("--method", default="lora", choices=["lora", "dora", "adalora"])
    result.add_argument("--rank", type=int, default=16)
    result.add_argument("--batch-size", type=int, default=4)
    result.add_argument("--sequence-length", type=int, default=256)
    result.add_argument("--steps", type=int, default=5)
    result.add_argument("--warmup", type=int, default=1, help="steps that are not timed")
    result.add_argument("--learning-rate", type=float, default=1e-3)
    result.add_argument("--max-grad-norm", type=float, default=0.0)
    result.add_argument("--data", help="tokenized JSONL rows, in order; otherwise random rows of the given length")
    result.add_argument("--init-adapter", help="start from this adapter folder")
    result.add_argument("--save-initial", help="write the initial adapter to this folder, for another program")
    result.add_argument("--gradient-checkpointing", action="store_true")
    result.add_argument("--prepare", action="store_true", help="call prepare_model_for_kbit_training, as PEFT's guide does")
    return result


def adapted(model, arguments):
    """The model with the adapter to train."""
    from peft import PeftModel, get_peft_model

    if arguments.init_adapter:
        return PeftModel.from_pretrained(model, arguments.init_adapter, is_trainable=True)
    config = peers.adapter_config(arguments.method, arguments.rank, arguments.steps)
    return get_peft_model(model, config)


def rows(arguments, vocabulary):
    """The rows of a file, or random ones for every step."""
    import torch

    if arguments.data:
        return peers.read_rows(arguments.data)
    count = arguments.batch_size * (arguments.steps + arguments.warmup)
    ids = torch.randint(0, vocabulary, (count, arguments.sequence_length))
    return [{"input_ids": row.tolist()} for row in ids]


def orthogonality(model):
    """What AdaLoRA's forward adds to the loss, so that the loss can be reported without it."""
    import torch

    with torch.no_grad():
        terms = []
        for name, value in model.named_parameters():
            if "lora_A" in name or "lora_B" in name:
                product = value @ value.T if "lora_A" in name else value.T @ value
                terms.append((product - torch.eye(len(product), device=product.device)).norm())
        return float(model.peft_config["default"].orth_reg_weight * sum(terms) / len(terms))


def main():
    arguments, import_seconds = peers.start(options())
    import torch

    model, load_seconds = peers.load(arguments)
    if arguments.prepare:
        from peft import prepare_model_for_kbit_training

        model = prepare_model_for_kbit_training(model)
    model = adapted(model, arguments)
    if arguments.gradient_checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.enable_input_require_grads()
    if arguments.save_initial:
        model.save_pretrained(arguments.save_initial)
    model.train()
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=arguments.learning_rate, weight_decay=0.0)
    data = rows(arguments, model.config.vocab_size)
    seconds, tokens, losses, regularization = [], 0, [], []
    for step in range(arguments.warmup + arguments.steps):
        first = step * arguments.batch_size
        batch = peers.padded([data[(first + i) % len(data)] for i in range(arguments.batch_size)], arguments.device)
        extra = orthogonality(model) if arguments.method == "adalora" else 0.0
        began = time.perf_counter()
        output = model(**batch, use_cache=False)
        output.loss.backward()
        if arguments.max_grad_norm:
            torch.nn.utils.clip_grad_norm_(trainable, arguments.max_grad_norm)
        optimizer.step()
        if hasattr(model.base_model, "update_and_allocate"):
            model.base_model.update_and_allocate(step + 1)
        optimizer.zero_grad()
        peers.wait(arguments)
        if step >= arguments.warmup:
            seconds.append(time.perf_counter() - began)
            tokens += int(batch["attention_mask"].sum())
        losses.append(output.loss.item() - extra)
        regularization.append(extra)
    peers.report(
        step_seconds_median=peers.median(seconds), tokens_per_second=tokens / sum(seconds), losses=losses,
        regularization=regularization, trainable_parameters=sum(p.numel() for p in trainable),
        import_seconds=import_seconds, load_seconds=load_seconds, step_seconds=seconds)


if __name__ == "__main__":
    main()
