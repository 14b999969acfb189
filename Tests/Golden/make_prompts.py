"""Soft prompts in other places than adapters/ covers: windows, half precision, classifiers, generation, and the networks
that make prompts during training."""

import shutil

import golden
import torch
import transformers
from golden import MODELS, ROOT, load_model, randn
from peft import (
    PrefixEncoder, PrefixTuningConfig, PromptEncoder, PromptEncoderConfig, PromptTuningConfig, get_peft_model)
from safetensors.torch import load_file

OUTPUT = ROOT / "prompts"


def config(kind, task="CAUSAL_LM", **fields):
    return kind(task_type=task, num_virtual_tokens=4, **fields)


# case: (model, configuration)
CASES = {
    "mistral-prompt": ("mistral", config(PromptTuningConfig)),
    "mistral-prefix": ("mistral", config(PrefixTuningConfig)),
    "qwen2-prompt": ("qwen2", config(PromptTuningConfig)),
    "qwen3-prefix": ("qwen3", config(PrefixTuningConfig)),
    "gemma2-prompt": ("../decoders/gemma2", config(PromptTuningConfig)),
    "granite-prompt": ("../decoders/granite", config(PromptTuningConfig)),
    "cohere2-prefix": ("../decoders/cohere2", config(PrefixTuningConfig)),
    "qwen3-moe-prefix": ("../decoders/qwen3_moe", config(PrefixTuningConfig)),
    "bf16-prompt": ("llama-bf16", config(PromptTuningConfig)),
    "bf16-prefix": ("llama-bf16", config(PrefixTuningConfig)),
    "classifier-prompt": ("llama", config(PromptTuningConfig, "SEQ_CLS")),
    "classifier-p-tuning": ("llama", config(PromptEncoderConfig, "SEQ_CLS", encoder_hidden_size=12)),
    "classifier-prefix": ("llama", config(PrefixTuningConfig, "SEQ_CLS")),
    "dynamic-prompt": ("rope-dynamic", config(PromptTuningConfig)),
    "dynamic-prefix": ("rope-dynamic", config(PrefixTuningConfig)),
    "longrope-prompt": ("rope-longrope", config(PromptTuningConfig)),
}

# encoder: (its class, configuration)
ENCODERS = {
    "mlp": (PromptEncoder, config(PromptEncoderConfig, encoder_hidden_size=5)),
    "lstm": (PromptEncoder, config(
        PromptEncoderConfig, encoder_reparameterization_type="LSTM", encoder_hidden_size=5, encoder_num_layers=1)),
    "lstm-2": (PromptEncoder, config(
        PromptEncoderConfig, encoder_reparameterization_type="LSTM", encoder_hidden_size=5, encoder_num_layers=2)),
    "projection": (PrefixEncoder, config(PrefixTuningConfig, prefix_projection=True, encoder_hidden_size=5)),
}


def load(model_name, task):
    if task == "CAUSAL_LM":
        return load_model(model_name)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(MODELS / model_name, num_labels=3)
    return model.eval()


def perturb(model, case):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                parameter.add_(randn(parameter.shape, 0.2, "prompts", case, name).to(parameter.dtype))


def greedy(model, ids):
    """What follows a row alone; the end of the text is never chosen."""
    ends = model.base_model.config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    with torch.no_grad():
        output = model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False,
            suppress_tokens=[end for end in ends if end is not None] or None, pad_token_id=0)
    return output[0, -12:]


def write_case(case, model_name, settings):
    folder = OUTPUT / case
    shutil.rmtree(folder, ignore_errors=True)
    golden.seed("prompts", case)
    model = load(model_name, settings.task_type)
    model.name_or_path = f"models/{model_name}"
    model = get_peft_model(model, settings)
    perturb(model, case)
    model.eval()
    golden.save_adapter(model, folder)
    rows = load_file(MODELS / model_name / "expected.safetensors")
    tensors = {}
    for index in range(3):
        ids = rows[f"row.{index}.input_ids"][None]
        with torch.no_grad():
            logits = model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False).logits[0].float()
        tensors[f"row.{index}.input_ids"] = ids[0]
        # Rows of virtual tokens come first where the prompt is a part of the input.
        tensors[f"row.{index}.logits"] = logits[-ids.shape[1]:] if settings.task_type == "CAUSAL_LM" else logits
        if settings.task_type == "CAUSAL_LM":
            # Every token of the text counts that PEFT has something to tell from.
            with torch.no_grad():
                tensors[f"row.{index}.loss"] = model(
                    input_ids=ids, attention_mask=torch.ones_like(ids), labels=ids, use_cache=False).loss.float()
    if settings.task_type == "CAUSAL_LM" and "bf16" not in case and "rope" not in model_name:
        prompt = rows["row.1.input_ids"][None, :5]
        tensors["greedy.prompt"], tensors["greedy.output"] = prompt[0], greedy(model, prompt)
    golden.write_tensors(folder / "expected.safetensors", tensors)
    print(f"{case}: {model.get_nb_trainable_parameters()}")
    return {"model": model_name, "trainable_parameters": model.get_nb_trainable_parameters()[0]}


def write_encoder(name, kind, settings):
    settings.token_dim, settings.num_layers, settings.num_attention_heads = 6, 2, 2
    settings.num_transformer_submodules = 1
    golden.seed("prompts", name)
    encoder = kind(settings)
    embeddings = encoder(torch.arange(4)[None])[0]
    upstream = randn(embeddings.shape, 1.0, "prompts", name, "upstream")
    embeddings.backward(upstream)
    tensors = {"prompt_embeddings": embeddings, "upstream": upstream}
    for key, parameter in encoder.named_parameters():
        tensors[f"state.{key}"], tensors[f"gradient.{key}"] = parameter, parameter.grad
    golden.write_tensors(OUTPUT / f"encoder.{name}.safetensors", tensors)
    (OUTPUT / f"encoder.{name}.json").write_text(golden.json.dumps(
        {key: getattr(value, "value", value) for key, value in settings.to_dict().items()}, indent=1) + "\n")


def main():
    golden.check_versions()
    cases = {case: write_case(case, *value) for case, value in CASES.items()}
    golden.write_table(OUTPUT / "cases.json", {"cases": cases})
    for name, value in ENCODERS.items():
        write_encoder(name, *value)


if __name__ == "__main__":
    main()
