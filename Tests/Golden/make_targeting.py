"""Writes targeting.json: which modules PEFT's own functions match, with which rank and alpha, for many rules."""

import transformers
from peft import LoraConfig, get_peft_model
from peft.tuners.tuners_utils import (
    _ExcludedModule, _find_minimal_target_modules, _maybe_include_all_linear_layers, check_target_module_exists,
)
from peft.utils import constants
from peft.utils.other import get_pattern_key
from torch import nn

import golden

DECODER = [
    "model", "model.embed_tokens", "model.layers", "model.layers.0", "model.layers.0.self_attn",
    "model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.k_proj", "model.layers.0.self_attn.v_proj",
    "model.layers.0.mlp.up_proj", "model.layers.0.mlp.down_proj", "model.layers.1.self_attn.q_proj",
    "model.layers.1.self_attn.v_proj", "model.layers.1.mlp.up_proj", "model.layers.10.self_attn.q_proj",
    "model.layers.11.self_attn.q_proj", "model.layers.11.mlp.down_proj", "model.norm", "lm_head",
]
ENCODER = [
    "q", "query", "bert.encoder.layer.0.attention.self.query", "bert.encoder.layer.0.attention.self.key",
    "bert.encoder.layer.1.attention.self.query", "bert.encoder.layer.1.output.dense", "bert.pooler.dense",
    "prequery", "bert.overhead", "classifier", "classifier.dense", "score", "a.q.b", "a.qx", "x.a.q",
]
EXPERTS = [
    "model.layers.1.mlp.experts.0.up_proj", "model.layers.1.mlp.experts.2.up_proj",
    "model.layers.2.mlp.experts.1.up_proj", "model.layers.2.mlp.gate", "blocks.1.q_proj", "h.1.attn.c_attn",
    "transformer.h.1.attn.c_attn", "transformer.h.2.attn.c_attn", "transformer.h.12.attn.c_attn", "1.q_proj",
    "encoder.block.1.layer.0.SelfAttention.q", "encoder.block.0.layer.1.DenseReluDense.wi_0", "layers.1.q_proj",
]

RULES = [
    # exact names and suffixes; entries are never regular expressions, and a suffix begins at a dot
    (DECODER, {"target_modules": ["q_proj"]}),
    (DECODER, {"target_modules": ["q_proj", "v_proj", "lm_head"]}),
    (DECODER, {"target_modules": ["self_attn.q_proj", "0.mlp.up_proj"]}),
    (DECODER, {"target_modules": ["model.layers.0.self_attn.q_proj", "layers.1.self_attn.v_proj"]}),
    (DECODER, {"target_modules": ["_proj", "proj", "attn.q_proj"]}),
    (DECODER, {"target_modules": [".*q_proj", "q_pro.", "layers.*.v_proj"]}),
    (DECODER, {"target_modules": ["nothing"]}),
    (DECODER, {"target_modules": ["q_proj", "no_such_module"]}),
    (DECODER, {"target_modules": ["model"]}),
    (ENCODER, {"target_modules": ["q"]}),
    (ENCODER, {"target_modules": ["query", "dense"]}),
    (ENCODER, {"target_modules": ["head", "self.query"]}),
    # a string is one regular expression that must match the whole path
    (DECODER, {"target_modules": "q_proj"}),
    (DECODER, {"target_modules": ".*q_proj"}),
    (DECODER, {"target_modules": r".*\.(q|v)_proj"}),
    (DECODER, {"target_modules": r"model\.layers\.[01]\.self_attn\..*"}),
    (DECODER, {"target_modules": r".*layers\.1\..*up_proj|lm_head"}),
    (DECODER, {"target_modules": r"(?:model\.)?layers\.\d+\.self_attn\.q_proj"}),
    (DECODER, {"target_modules": r".*(?<!down)_proj"}),
    (DECODER, {"target_modules": r".*\.layers\.\d\.self_attn\.[qk]_proj"}),
    (DECODER, {"target_modules": r"^.*embed_tokens$"}),
    (ENCODER, {"target_modules": "q|query"}),
    (ENCODER, {"target_modules": r".*attention.self.(query|key)"}),
    (ENCODER, {"target_modules": r"[^.]+"}),
    # exclusion is looked at first
    (DECODER, {"target_modules": ["q_proj", "v_proj"], "exclude_modules": ["v_proj"]}),
    (DECODER, {"target_modules": ["q_proj"], "exclude_modules": ["layers.0.self_attn.q_proj"]}),
    (DECODER, {"target_modules": ["q_proj"], "exclude_modules": r".*layers\.1\d?\..*"}),
    (DECODER, {"target_modules": ["q_proj"], "exclude_modules": "q_proj"}),
    (DECODER, {"target_modules": ["q_proj"], "exclude_modules": ["layers.1"]}),
    (DECODER, {"target_modules": r".*_proj", "exclude_modules": r".*\.mlp\..*"}),
    (DECODER, {"target_modules": ["model.layers.0.self_attn.q_proj"], "exclude_modules": ["q_proj"]}),
    (DECODER, {"target_modules": r".*", "exclude_modules": ["model.norm", "lm_head", "self_attn"]}),
    (ENCODER, {"target_modules": ["q", "query"], "exclude_modules": ["a.q", "prequery"]}),
    # modules that are saved whole are excluded too, together with everything inside them
    (DECODER, {"target_modules": ["q_proj", "lm_head"], "modules_to_save": ["lm_head"]}),
    (DECODER, {"target_modules": ["q_proj", "up_proj"], "modules_to_save": ["mlp"]}),
    (ENCODER, {"target_modules": ["dense", "query"], "modules_to_save": ["classifier"]}),
    (ENCODER, {"target_modules": ["dense", "query"], "modules_to_save": ["output"]}),
    (ENCODER, {"target_modules": r".*query", "modules_to_save": ["layer.0"]}),
    (ENCODER, {"target_modules": r".*", "modules_to_save": ["head", "que.y"]}),
    # layer indices: the first number in the path; full names and regular expressions are not filtered
    (DECODER, {"target_modules": ["q_proj"], "layers_to_transform": [1]}),
    (DECODER, {"target_modules": ["q_proj"], "layers_to_transform": 1}),
    (DECODER, {"target_modules": ["q_proj", "up_proj"], "layers_to_transform": [0, 11]}),
    (DECODER, {"target_modules": ["q_proj"], "layers_to_transform": []}),
    (DECODER, {"target_modules": ["q_proj", "lm_head"], "layers_to_transform": [0]}),
    (DECODER, {"target_modules": ["q_proj", "model.layers.0.self_attn.v_proj"], "layers_to_transform": [1]}),
    (DECODER, {"target_modules": ["q_proj"], "layers_to_transform": [1], "layers_pattern": "layers"}),
    (DECODER, {"target_modules": ["q_proj"], "layers_to_transform": [1], "layers_pattern": ["layers"]}),
    (DECODER, {"target_modules": ["q_proj"], "layers_to_transform": [1], "layers_pattern": ["h", "layers"]}),
    (DECODER, {"target_modules": ["q_proj"], "layers_to_transform": [1], "layers_pattern": "layer"}),
    (DECODER, {"target_modules": ["q_proj"], "layers_to_transform": [1], "layers_pattern": "lay.*"}),
    (DECODER, {"target_modules": ["q_proj"], "layers_to_transform": [1], "layers_pattern": ""}),
    (DECODER, {"target_modules": ["q_proj"], "layers_to_transform": [1], "layers_pattern": []}),
    (EXPERTS, {"target_modules": ["up_proj", "q_proj"], "layers_to_transform": [1]}),
    (EXPERTS, {"target_modules": ["up_proj", "q_proj"], "layers_to_transform": [2], "layers_pattern": "layers"}),
    (EXPERTS, {"target_modules": ["up_proj"], "layers_to_transform": [0, 2], "layers_pattern": "experts"}),
    (EXPERTS, {"target_modules": ["c_attn"], "layers_to_transform": [1, 12], "layers_pattern": "h"}),
    (EXPERTS, {"target_modules": ["c_attn"], "layers_to_transform": [1]}),
    (EXPERTS, {"target_modules": ["q_proj"], "layers_to_transform": [1]}),
    (EXPERTS, {"target_modules": ["q", "wi_0"], "layers_to_transform": [0]}),
    (EXPERTS, {"target_modules": ["q", "wi_0"], "layers_to_transform": [1], "layers_pattern": "block"}),
    (EXPERTS, {"target_modules": ["up_proj"], "layers_to_transform": [1], "exclude_modules": ["experts.0.up_proj"]}),
    # ranks and alphas: the first key that is the end of a path, beginning at a dot, read as a regular expression
    (DECODER, {"target_modules": ["q_proj", "v_proj"], "rank_pattern": {"q_proj": 3}}),
    (DECODER, {"target_modules": ["q_proj", "v_proj"], "rank_pattern": {"proj": 3}}),
    (DECODER, {"target_modules": ["q_proj", "v_proj"], "rank_pattern": {".*proj": 3, "q_proj": 5}}),
    (DECODER, {"target_modules": ["q_proj", "v_proj"], "rank_pattern": {"q_proj": 5, ".*proj": 3}}),
    (DECODER, {"target_modules": ["q_proj"], "rank_pattern": {"layers.1.self_attn.q_proj": 3}}),
    (DECODER, {"target_modules": ["q_proj"], "rank_pattern": {r"layers\.1.\.self_attn\.q_proj": 3}}),
    (DECODER, {"target_modules": ["q_proj"], "rank_pattern": {"model.layers.0.self_attn.q_proj": 3, "nothing": 4}}),
    (DECODER, {"target_modules": ["q_proj"], "rank_pattern": {"^model.layers.0.self_attn.q_proj": 3}}),
    (DECODER, {"target_modules": ["q_proj"], "rank_pattern": {"^q_proj": 3, "^self_attn.*": 4}}),
    (DECODER, {"target_modules": ["q_proj"], "rank_pattern": {"q_proj$": 3}}),
    (DECODER, {"target_modules": ["q_proj", "up_proj"], "rank_pattern": {"self_attn": 3, r"0\..*": 5}}),
    (DECODER, {"target_modules": ["q_proj", "up_proj"], "rank_pattern": {r"[qk]_proj|up_proj": 6}}),
    (DECODER, {"target_modules": ["q_proj", "v_proj"], "alpha_pattern": {"q_proj": 32, "v_proj": 1}}),
    (DECODER, {"target_modules": ["q_proj", "v_proj"], "alpha_pattern": {r"1\.self_attn\.\w+": 24}}),
    (DECODER, {"target_modules": ["q_proj", "v_proj"], "rank_pattern": {"v_proj": 2}, "alpha_pattern": {"v_proj": 9}}),
    (DECODER, {"target_modules": r".*_proj", "rank_pattern": {"up_proj": 2, "down_proj": 4}, "r": 7,
               "alpha_pattern": {r"mlp\..*": 3}, "lora_alpha": 5}),
    (ENCODER, {"target_modules": ["query", "q"], "rank_pattern": {"q": 2, "query": 4, "self.query": 6}}),
    (ENCODER, {"target_modules": ["query", "q"], "rank_pattern": {"self.query": 6, "query": 4, ".*q": 2}}),
    (EXPERTS, {"target_modules": ["up_proj"], "rank_pattern": {r"experts\.\d+\.up_proj": 1}}),
]

MINIMAL = [
    ([f"model.decoder.layers.{i}.self_attn.{p}_proj" for i in range(3) for p in "qv"],
     [f"model.decoder.layers.{i}.self_attn.k_proj" for i in range(3)]),
    (["a.b.c", "d.b.c"], ["e.b.c", "c"]),
    (["foo.bar", "bar"], ["baz.foo"]),
    (["a.q", "b.q", "c.d.q"], ["a.k", "x.y.q"]),
    ([f"unet.down.{i}.attn.to_q" for i in range(4)], [f"unet.up.{i}.attn.to_q" for i in range(4)]),
    (["query"], ["pre.query", "query.dense"]),
    (["1.q", "2.q", "12.q"], ["3.q", "21.q"]),
]

SAVED = [(DECODER, ["lm_head"]), (ENCODER, ["head"]), (ENCODER, ["classifier", "query"]), (DECODER, ["norm"])]

INVALID = [
    {"target_modules": ".*q_proj", "layers_to_transform": [1]},
    {"target_modules": ".*q_proj", "layers_pattern": "layers"},
    {"target_modules": ["q_proj"], "layers_pattern": "layers"},
    {"target_modules": ["q_proj"], "r": 0},
    {"target_modules": ["q_proj"], "r": -2},
    {"target_modules": ["q_proj"], "use_dora": True, "lora_bias": True},
    {"target_modules": ["q_proj"], "bias": "some"},
    {"target_modules": ["q_proj"], "init_lora_weights": "unknown"},
    {"target_modules": ["q_proj"], "init_lora_weights": "orthogonal", "r": 3},
    {"target_modules": ["absent"]},
    {"target_modules": ["q_proj"], "exclude_modules": ["q_proj"]},
    {"target_modules": ["norm"]},
    {"target_modules": ["q_proj"], "modules_to_save": ["absent"]},
    {"target_modules": ["q_proj"], "lora_bias": True, "bias": "all"},
    {"target_modules": ["q_proj"], "layer_replication": [[0, 9]]},
    {"target_modules": ["q_proj"], "trainable_token_indices": [900]},
    {"target_modules": None, "target_parameters": ["absent.weight"]},
]


def rule(modules, fields):
    """The verdict on every module path: excluded, not matched (null), or the rank and alpha it gets."""
    config = LoraConfig(**{"r": 8, "lora_alpha": 16} | fields)
    verdicts = {}
    for name in modules:
        found = check_target_module_exists(config, name)
        verdicts[name] = "excluded" if isinstance(found, _ExcludedModule) else None
        if found:
            ranks, alphas = config.rank_pattern, config.alpha_pattern
            verdicts[name] = {
                "r": ranks.get(get_pattern_key(ranks.keys(), name), config.r),
                "lora_alpha": alphas.get(get_pattern_key(alphas.keys(), name), config.lora_alpha)}
    return {"config": {"r": 8, "lora_alpha": 16} | fields, "modules": verdicts}


def all_linear(name, task):
    """What `all-linear` stands for on a model with a language-model head, or with a classifier."""
    config = transformers.AutoConfig.from_pretrained(golden.MODELS / name)
    heads = {"SEQ_CLS": transformers.AutoModelForSequenceClassification}
    model = heads.get(task, transformers.AutoModelForCausalLM).from_config(config)
    found = _maybe_include_all_linear_layers(LoraConfig(task_type=task, target_modules="all-linear"), model)
    return {"model": name, "task_type": task, "targets": sorted(found.target_modules)}


def condensed():
    """Twenty or more names are condensed in the saved configuration; nineteen are kept."""
    result = []
    for count in (19, 20, 24):
        layers = nn.ModuleList(nn.ModuleDict({"q": nn.Linear(2, 2), "k": nn.Linear(2, 2)}) for _ in range(count))
        model = nn.ModuleDict({"layers": layers})
        names = [f"layers.{i}.q" for i in range(count)]
        adapted = get_peft_model(model, LoraConfig(target_modules=list(names)))
        result.append({"names": names, "saved": sorted(adapted.peft_config["default"].target_modules)})
    return result


def saved_modules(modules, names):
    """Modules captured by modules_to_save: PEFT compares the end of the path, without looking for a dot."""
    captured = [module for module in modules if any(module.endswith(name) for name in names)]
    return {"modules_to_save": names, "modules": modules, "peft": captured,
            "exact": [m for m in captured if any(m == name or m.endswith(f".{name}") for name in names)]}


def invalid(fields):
    """The kind of error that PEFT raises for a configuration on the tiny Llama, or null where it accepts it."""
    try:
        get_peft_model(golden.load_model("llama"), LoraConfig(task_type="CAUSAL_LM", **fields))
        error = None
    except Exception as problem:  # whatever PEFT raises is the reference
        error = type(problem).__name__
    return {"config": fields, "error": error}


def main():
    golden.check_versions()
    decoders = ["llama", "qwen2", "qwen3", "mistral"]
    tables = {
        "LORA": constants.TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING,
        "ADALORA": constants.TRANSFORMERS_MODELS_TO_ADALORA_TARGET_MODULES_MAPPING,
        "IA3": constants.TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING,
        "IA3_FEEDFORWARD": constants.TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING,
        "LN_TUNING": constants.TRANSFORMERS_MODELS_TO_LNTUNING_TARGET_MODULES_MAPPING,
    }
    value = {
        "rules": [rule(modules, fields) for modules, fields in RULES],
        "all_linear": [all_linear(name, task) for name in decoders for task in ("CAUSAL_LM", "SEQ_CLS")],
        "minimal": [{"targets": targets, "others": others,
                     "minimal": sorted(_find_minimal_target_modules(targets, others))} for targets, others in MINIMAL],
        "condensed": condensed(),
        "modules_to_save": [saved_modules(modules, names) for modules, names in SAVED],
        "invalid": [invalid(fields) for fields in INVALID],
        "default_targets": {kind: dict(sorted(table.items())) for kind, table in tables.items()},
    }
    golden.write_table(golden.ROOT / "targeting.json", value)
    print(len(value["rules"]), "rules;", sum(len(entry["modules"]) for entry in value["rules"]), "verdicts")


if __name__ == "__main__":
    main()
