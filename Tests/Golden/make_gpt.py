"""Writes gpt/: tiny random decoders of the GPT kind as their checkpoints are, what transformers computes with them, and
ten steps of PEFT's LoRA."""

import shutil

import torch
import transformers
from peft import AdaLoraConfig, IA3Config, LoraConfig, get_peft_model
from peft.tuners.tuners_utils import BaseTunerLayer

import golden
import make_training
from baichuan import Baichuan
from golden import ROOT, randint, randn

OUTPUT = ROOT / "gpt"
LENGTHS = [1, 7, 13]
STEPS, BATCH, RATE = 10, 4, 5e-3

COMMON = {"vocab_size": 64, "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float32"}
N = COMMON | {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_inner": 40, "n_positions": 48,
              "attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0, "layer_norm_epsilon": 1e-5}
HIDDEN = COMMON | {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 40,
                   "max_position_embeddings": 48}
NEOX = HIDDEN | {"model_type": "gpt_neox", "architectures": ["GPTNeoXForCausalLM"], "hidden_act": "gelu",
                 "rotary_pct": 0.5, "rotary_emb_base": 5000, "classifier_dropout": 0.1, "layer_norm_eps": 1e-5,
                 "tie_word_embeddings": False}
OPT = COMMON | {"model_type": "opt", "architectures": ["OPTForCausalLM"], "hidden_size": 32, "num_hidden_layers": 2,
                "num_attention_heads": 4, "ffn_dim": 40, "max_position_embeddings": 48, "dropout": 0.0,
                "activation_function": "relu", "pad_token_id": 1, "word_embed_proj_dim": 32}
BLOOM = COMMON | {"model_type": "bloom", "architectures": ["BloomForCausalLM"], "hidden_size": 32, "n_layer": 2,
                  "n_head": 4, "layer_norm_epsilon": 1e-5}
FALCON = COMMON | {"model_type": "falcon", "architectures": ["FalconForCausalLM"], "hidden_size": 32,
                   "num_hidden_layers": 2, "num_attention_heads": 4, "ffn_hidden_size": 40, "alibi": False,
                   "bias": False, "multi_query": True, "parallel_attn": True, "new_decoder_architecture": False,
                   "max_position_embeddings": 48}
PHI = HIDDEN | {"model_type": "phi", "architectures": ["PhiForCausalLM"], "hidden_act": "gelu_new",
                "partial_rotary_factor": 0.5, "tie_word_embeddings": False}
BIGCODE = N | {"model_type": "gpt_bigcode", "architectures": ["GPTBigCodeForCausalLM"], "multi_query": True}
STABLELM = HIDDEN | {"model_type": "stablelm", "architectures": ["StableLmForCausalLM"], "num_key_value_heads": 4,
                     "hidden_act": "silu", "partial_rotary_factor": 0.25, "tie_word_embeddings": False}
BAICHUAN = {key: value for key, value in HIDDEN.items() if key != "max_position_embeddings"} | {
    "model_type": "baichuan", "architectures": ["BaichuanForCausalLM"], "hidden_act": "silu", "rms_norm_eps": 1e-6,
    "tie_word_embeddings": False, "model_max_length": 48}
ONE = {"num_hidden_layers": 1}

CASES = {
    "gpt2": N | {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]},
    "gpt2-scaled": N | {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "scale_attn_weights": False,
                        "scale_attn_by_inverse_layer_idx": True, "tie_word_embeddings": False, "n_inner": None},
    "gpt-neox": NEOX,
    "gpt-neox-sequential": {key: value for key, value in NEOX.items() if not key.startswith("rotary")} | ONE | {
        "use_parallel_residual": False, "attention_bias": False,
        "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0,
                            "partial_rotary_factor": 0.25}},
    "gptj": N | {"model_type": "gptj", "architectures": ["GPTJForCausalLM"], "rotary_dim": 4,
                 "tie_word_embeddings": False},
    "opt": OPT,
    "opt-350m": OPT | ONE | {"word_embed_proj_dim": 16, "do_layer_norm_before": False},
    "bloom": BLOOM,
    "bloom-six-heads": BLOOM | {"n_layer": 1, "n_head": 6, "hidden_size": 24,
                                "apply_residual_connection_post_layernorm": True},
    "falcon-7b": FALCON,
    "falcon-40b": FALCON | {"new_decoder_architecture": True, "num_kv_heads": 2, "tie_word_embeddings": False},
    "falcon-11b": FALCON | ONE | {"new_decoder_architecture": True, "num_kv_heads": 2, "num_ln_in_parallel_attn": 1},
    "falcon-rw": FALCON | {"alibi": True, "bias": True, "multi_query": False, "parallel_attn": False},
    "phi": PHI,
    "phi-norms": PHI | ONE | {"qk_layernorm": True, "num_key_value_heads": 2},
    "gpt-bigcode": BIGCODE,
    "gpt-bigcode-heads": BIGCODE | {"n_layer": 1, "multi_query": False},
    "starcoder2": HIDDEN | {"model_type": "starcoder2", "architectures": ["Starcoder2ForCausalLM"],
                            "num_key_value_heads": 2, "sliding_window": 5, "hidden_act": "gelu_pytorch_tanh",
                            "rope_theta": 999.0},
    "codegen": N | {"model_type": "codegen", "architectures": ["CodeGenForCausalLM"], "n_head": 8, "rotary_dim": 2,
                    "tie_word_embeddings": False},
    "stablelm": STABLELM,
    "stablelm-parallel": STABLELM | ONE | {"use_parallel_residual": True, "qk_layernorm": True, "use_qkv_bias": True,
                                           "num_key_value_heads": 2},
    "baichuan-7b": BAICHUAN | {"max_position_embeddings": 48},
    "baichuan-13b": BAICHUAN,
}
# The targets of families that PEFT has no usual ones for.
TARGETS = {"starcoder2": ["q_proj", "v_proj"], "baichuan-7b": ["W_pack"], "baichuan-13b": ["W_pack"]}
TRAINED = ["gpt2", "gpt-neox", "gptj", "opt", "bloom", "falcon-7b", "falcon-40b", "falcon-rw", "phi", "gpt-bigcode",
           "starcoder2", "codegen", "stablelm", "baichuan-7b", "baichuan-13b"]


def historical(name, state):
    """The names and tables of the first published checkpoints of a family."""
    triangle = torch.ones(48, 48, dtype=torch.bool).tril()[None, None]
    if name == "gpt2":
        state = {key.removeprefix("transformer."): value for key, value in state.items()}
        return state | {"h.0.attn.bias": triangle, "h.1.attn.masked_bias": torch.tensor(-1e4)}
    if name == "gpt-neox":
        return state | {"gpt_neox.layers.0.attention.bias": triangle,
                        "gpt_neox.layers.0.attention.masked_bias": torch.tensor(-1e9),
                        "gpt_neox.layers.1.attention.rotary_emb.inv_freq": torch.ones(2)}
    if name == "gptj":
        return state | {"transformer.h.0.attn.bias": triangle, "transformer.h.0.attn.masked_bias": torch.tensor(-1e9)}
    if name == "codegen":
        return state | {"transformer.h.0.attn.causal_mask": triangle}
    if name == "opt":
        return {key.removeprefix("model."): value for key, value in state.items()}
    if name == "bloom":
        return {key.removeprefix("transformer."): value for key, value in state.items()}
    if name == "baichuan-7b":
        return state | {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(4)}
    return state


def write_checkpoint(name, config):
    """Weights that bfloat16 holds, so that the file is small; everything is computed with them in float32."""
    folder = OUTPUT / name
    golden.write_json(folder / "config.json", config)
    if config["model_type"] == "baichuan":
        model = Baichuan(config)
    else:
        model = transformers.AutoModelForCausalLM.from_config(transformers.AutoConfig.from_pretrained(folder))
    golden.randomize(model, "gpt", name)
    state = {key: value.detach().to(torch.bfloat16) for key, value in model.state_dict().items()}
    if config.get("tie_word_embeddings", config["model_type"] not in ("baichuan",)):
        del state["lm_head.weight"]
    if config["model_type"] == "gpt_neox":
        state["embed_out.weight"] = state.pop("lm_head.weight")
    golden.write_tensors(folder / "model.safetensors", historical(name, state))


def load(name, config, kind=transformers.AutoModelForCausalLM, **fields):
    if config["model_type"] != "baichuan":
        return kind.from_pretrained(OUTPUT / name, dtype=torch.float32, **fields).eval()
    model = Baichuan(config).eval()
    state = golden.load_tensors(OUTPUT / name / "model.safetensors")
    model.load_state_dict({key: value for key, value in state.items() if "inv_freq" not in key})
    return model


def padded(rows, side):
    """The rows as one batch, with a mask and the places of the tokens."""
    width = max(LENGTHS)
    batch, mask = torch.zeros(len(rows), width, dtype=torch.int64), torch.zeros(len(rows), width, dtype=torch.int64)
    for row, ids in enumerate(rows):
        place = slice(0, len(ids)) if side == "right" else slice(width - len(ids), width)
        batch[row, place], mask[row, place] = ids, 1
    return batch, mask, (mask.cumsum(1) - 1).clamp(min=0)


def check_padding(name, model, config, rows, logits):
    """A row gets what it gets alone, wherever the padding is; so there is no need to keep what padded batches get."""
    for side in ("left", "right"):
        batch, mask, positions = padded(rows, side)
        fields = {} if config["model_type"] in ("bloom", "baichuan") else {"position_ids": positions}
        with torch.no_grad():
            found = model(input_ids=batch, attention_mask=mask, **fields).logits
        for row, right in enumerate(logits):
            assert golden.distance(found[row][mask[row] == 1], right) < 1e-5, (name, side, row)


def expected(name, config):
    model, tensors, rows, logits = load(name, config), {}, [], []
    for row, length in enumerate(LENGTHS):
        ids = randint(3, config["vocab_size"], (length,), "gpt", name, row)
        with torch.no_grad():
            rows, logits = [*rows, ids], [*logits, model(input_ids=ids[None]).logits[0]]
        tensors |= {f"row.{row}.input_ids": ids, f"row.{row}.logits": logits[-1]}
    check_padding(name, model, config, rows, logits)
    prompt = randint(3, config["vocab_size"], (5,), "gpt", name, "prompt")
    tensors |= {"greedy.prompt": prompt, "greedy.output": greedy(model, prompt)} | classified(name, config, rows)
    return tensors, logits[-1].std()


def greedy(model, prompt):
    """Twenty greedy tokens, but not the end of the text."""
    if not isinstance(model, Baichuan):
        with torch.no_grad():
            text = model.generate(
                prompt[None], max_new_tokens=20, min_new_tokens=20, do_sample=False, pad_token_id=0)
        return text[0, 5:]
    text = prompt
    for _ in range(20):
        with torch.no_grad():
            logits = model(input_ids=text[None]).logits[0, -1]
        logits[2] = -torch.inf
        text = torch.cat([text, logits.argmax()[None]])
    return text[5:]


def classified(name, config, rows):
    """A head of three classes, for texts and for tokens, where the family has them."""
    tensors = {}
    for kind, auto in (("text", transformers.AutoModelForSequenceClassification),
                       ("tokens", transformers.AutoModelForTokenClassification)):
        if config["model_type"] == "baichuan":
            continue
        try:
            model = load(name, config, auto, num_labels=3, pad_token_id=0)
        except ValueError:
            continue
        head = model.score if hasattr(model, "score") else model.classifier
        with torch.no_grad():
            for part, parameter in head.named_parameters():
                parameter.copy_(randn(parameter.shape, 0.3, "gpt", name, kind, part))
                tensors[f"{kind}.{part}"] = parameter
            batch, mask, _ = padded(rows, "right")
            ids = {"input_ids": batch, "attention_mask": mask} if kind == "text" else {"input_ids": rows[1][None]}
            tensors[f"{kind}.logits"] = model(**ids).logits
    return tensors


def write_training(name, config):
    """LoRA with PEFT's usual targets, on the rows of training/."""
    folder, data, trace = OUTPUT / name / "training", make_training.rows(), []
    golden.seed("gpt", name, "training")
    base = load(name, config)
    base.name_or_path = f"gpt/{name}"
    settings = {"r": 4, "lora_alpha": 8, "target_modules": TARGETS.get(name), "init_lora_weights": False}
    kind = {} if config["model_type"] == "baichuan" else {"task_type": "CAUSAL_LM"}
    model = get_peft_model(base, LoraConfig(**settings, **kind)).train()
    golden.save_adapter(model, folder)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=RATE, weight_decay=0.0)
    for step in range(STEPS):
        ids, mask, labels = make_training.batch(data, step * BATCH, BATCH)
        count = (labels[:, 1:] != -100).sum()
        loss = make_training.summed_loss(model, ids, mask, labels) / count
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(trained, float("inf"))
        optimizer.step()
        optimizer.zero_grad()
        trace.append({"step": step + 1, "loss": loss.item(), "grad_norm": norm.item()})
    run = {"steps": STEPS, "batch_size": BATCH, "learning_rate": RATE,
           "targets": sorted(model.peft_config["default"].target_modules)}
    golden.write_table(folder / "run.json", run | {"trace": trace})
    return trace


def usual_targets():
    """Which modules each method adapts when it is told nothing, and which LoRA adapts when it is told all."""
    result = {}
    for name in TRAINED:
        configs = {"lora": LoraConfig(), "ia3": IA3Config(), "adalora": AdaLoraConfig(total_step=10),
                   "all-linear": LoraConfig(target_modules="all-linear")}
        result[name] = {}
        for method, config in configs.items():
            if CASES[name]["model_type"] == "baichuan":
                continue
            config.task_type = "CAUSAL_LM"
            try:
                model = get_peft_model(load(name, CASES[name]), config)
            except ValueError:  # The family is not in the table of the method.
                continue
            names = [path for path, module in model.base_model.model.named_modules()
                     if isinstance(module, BaseTunerLayer)]
            result[name][method] = sorted(names)
    return result


def main():
    golden.check_versions()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    for name, config in CASES.items():
        write_checkpoint(name, config)
        tensors, spread = expected(name, config)
        golden.write_tensors(OUTPUT / name / "expected.safetensors", tensors)
        print(f"{name}: logits std {spread:.3f}")
        if name in TRAINED:
            trace = write_training(name, config)
            print(f"  loss {trace[0]['loss']:.4f} -> {trace[-1]['loss']:.4f}")
    golden.write_table(OUTPUT / "targets.json", usual_targets())


if __name__ == "__main__":
    main()
