"""Writes vision/: tiny random models that look at pictures with what transformers computes, and PEFT's LoRA on them."""

import shutil

import torch
import transformers
from peft import LoraConfig, get_peft_model

import golden
from golden import ROOT, randint, randn

OUTPUT = ROOT / "vision"
STEPS, BATCH, RATE = 10, 4, 5e-3

VIT = {
    "model_type": "vit", "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 12,
    "image_size": 12, "patch_size": 4, "num_channels": 3, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
}
DINO = {
    "model_type": "dinov2", "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "mlp_ratio": 2,
    "image_size": 12, "patch_size": 4, "num_channels": 3, "layerscale_value": 1.0,
}
CLIP_SIDE = {
    "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 12,
    "hidden_act": "quick_gelu", "projection_dim": 10,
}
CLIP_VISION = CLIP_SIDE | {"model_type": "clip_vision_model", "image_size": 12, "patch_size": 4}
CLIP_TEXT = CLIP_SIDE | {
    "model_type": "clip_text_model", "hidden_size": 6, "vocab_size": 40, "max_position_embeddings": 11,
    "bos_token_id": 38, "eos_token_id": 39, "pad_token_id": 1,
}
CLIP = {"model_type": "clip", "projection_dim": 10, "text_config": CLIP_TEXT, "vision_config": CLIP_VISION}
CONVNEXT = {
    "model_type": "convnext", "num_stages": 3, "hidden_sizes": [6, 8, 12], "depths": [1, 2, 1], "patch_size": 2,
    "image_size": 16, "num_channels": 3, "layer_scale_init_value": 0.5, "hidden_act": "gelu",
}
RESNET = {
    "model_type": "resnet", "embedding_size": 6, "hidden_sizes": [8, 12], "depths": [2, 1], "layer_type": "basic",
    "num_channels": 3, "hidden_act": "relu",
}
# The class that the checkpoint is saved from, its configuration, the number of labels, and sizes of pictures.
CASES = {
    "vit": ("ViTForImageClassification", VIT, 3, [(12, 12), (16, 20), (9, 14)]),
    "vit-bare": ("ViTModel", VIT | {"qkv_bias": False, "num_channels": 1, "image_size": [8, 12]}, 2, [(8, 12)]),
    "dinov2": ("Dinov2ForImageClassification", DINO, 3, [(12, 12), (8, 16)]),
    "dinov2-registers": (
        "Dinov2WithRegistersForImageClassification",
        DINO | {"model_type": "dinov2_with_registers", "num_register_tokens": 2}, 2, [(12, 12), (8, 8)]),
    "clip": ("CLIPForImageClassification", CLIP, 3, [(12, 12), (8, 20)]),
    "clip-vision-bare": ("CLIPVisionModel", CLIP_VISION, 2, [(12, 12)]),
    "clip-vision-projected-bare": ("CLIPVisionModelWithProjection", CLIP_VISION, 2, [(12, 12)]),
    "convnext": ("ConvNextForImageClassification", CONVNEXT, 3, [(16, 16), (11, 14)]),
    "convnext-bare": ("ConvNextModel", CONVNEXT | {"layer_scale_init_value": 0.0}, 2, [(16, 16)]),
    "convnextv2": ("ConvNextV2ForImageClassification", CONVNEXT | {"model_type": "convnextv2"}, 2, [(16, 16)]),
    "resnet": ("ResNetForImageClassification", RESNET, 3, [(16, 16), (13, 21)]),
    "resnet-bottleneck": (
        "ResNetForImageClassification",
        RESNET | {"layer_type": "bottleneck", "hidden_act": "gelu", "downsample_in_first_stage": True}, 2, [(16, 16)]),
    "resnet-bare": ("ResNetModel", RESNET | {"layer_type": "bottleneck", "downsample_in_bottleneck": True}, 2, [(16, 16)]),
}
# Cases that LoRA is trained on, and target modules.
TRAINED = {
    "vit": ["q_proj", "v_proj"], "dinov2": ["q_proj", "v_proj"], "clip": ["q_proj", "v_proj"],
    "convnext": ["patch_embeddings", "pwconv1", "pwconv2"], "resnet": ["convolution"],
}


def randomize(model, name):
    """As elsewhere, with kernels whose outputs are no larger than their inputs."""
    numbers = {key: parameter for key, parameter in model.named_parameters() if parameter.dim() == 0}
    for key in numbers:
        owner = model.get_submodule(key.rpartition(".")[0])
        delattr(owner, key.rpartition(".")[2])
    golden.randomize(model, "vision", name)
    for key, parameter in numbers.items():
        owner = model.get_submodule(key.rpartition(".")[0])
        owner.register_parameter(key.rpartition(".")[2], parameter)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if parameter.dim() == 4 and key.endswith("weight") and "grn" not in key:
                inputs = parameter[0].numel()
                parameter.copy_(randn(parameter.shape, 1.2 / inputs**0.5, "vision", name, key))


def write_checkpoint(name, architecture, config, labels):
    """As transformers writes it."""
    folder = OUTPUT / name
    names = {str(label): f"LABEL_{label}" for label in range(labels)}
    classifies = architecture.endswith("Classification")
    golden.write_json(folder / "config.json", config | ({"id2label": names} if classifies else {}))
    parsed = transformers.AutoConfig.from_pretrained(folder)
    model = getattr(transformers, architecture)(parsed)
    randomize(model, name)
    for key, buffer in model.named_buffers():
        if key.endswith("running_mean"):
            buffer.copy_(randn(buffer.shape, 0.3, "vision", name, key))
        elif key.endswith("running_var"):
            buffer.copy_(1 + randn(buffer.shape, 0.2, "vision", name, key).abs())
    model.save_pretrained(folder)
    golden.write_json(folder / "config.json", config | ({"id2label": names} if classifies else {})
                      | {"architectures": [architecture], "dtype": "float32"})
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)
    return model.eval()


def pictures(name, config, height, width, count=2):
    return randn((count, config.get("num_channels", 3), height, width), 1, "vision", name, height, width)


def outputs(model, pixels, size):
    options = {}
    if model.config.model_type in ("vit", "clip") and tuple(pixels.shape[2:]) != size:
        options["interpolate_pos_encoding"] = True
    with torch.no_grad():
        return model(pixel_values=pixels, **options)


def expected(name, model, config, sizes):
    """Logits, or the last states and the pooled vector of a bare body, for pictures of each size."""
    config = config.get("vision_config", config)
    size, tensors = config.get("image_size", 0), {}
    size = tuple(size) if isinstance(size, list) else (size, size)
    for height, width in sizes:
        key, pixels = f"{height}x{width}", pictures(name, config, height, width)
        result = outputs(model, pixels, size)
        tensors[f"{key}.pixels"] = pixels
        if "image_embeds" in result:
            tensors |= {f"{key}.output": result.image_embeds, f"{key}.pooled": result.image_embeds}
        elif "logits" in result:
            tensors[f"{key}.output"] = result.logits
        else:
            tensors[f"{key}.output"] = result.last_hidden_state
            tensors[f"{key}.pooled"] = result.last_hidden_state[:, 0] if name == "vit-bare" else result.pooler_output
    return tensors


def write_contrast():
    """Both sides of CLIP at once, and the text's side alone."""
    folder = OUTPUT / "clip-whole"
    pixels, lengths = pictures("clip-whole", CLIP_VISION, 12, 12, count=3), [11, 4, 7]
    ids = torch.full((3, 11), 1)
    for row, length in enumerate(lengths):
        ids[row, :length] = randint(2, 38, (length,), "vision", "clip-whole", row)
        ids[row, 0], ids[row, length - 1] = 38, 39
    mask = (torch.arange(11)[None] < torch.tensor(lengths)[:, None]).long()
    tensors = {"pixels": pixels, "input_ids": ids, "attention_mask": mask}
    model = write_checkpoint("clip-whole", "CLIPModel", CLIP, 2)
    with torch.no_grad():
        result = model(input_ids=ids, attention_mask=mask, pixel_values=pixels)
        tensors |= {"scores": result.logits_per_image, "texts": model.get_text_features(ids, mask).pooler_output,
                    "pictures": model.get_image_features(pixels).pooler_output}
        golden.write_tensors(folder / "sides.safetensors", tensors)
        for name, architecture, end in (("clip-text", "CLIPTextModel", 2), ("clip-text-projected", "CLIPTextModelWithProjection", 39)):
            model = write_checkpoint(name, architecture, CLIP_TEXT | {"eos_token_id": end}, 2)
            result = model(input_ids=ids, attention_mask=mask)
            output = result.last_hidden_state if end == 2 else result.text_embeds
            pooled = result.pooler_output if end == 2 else result.text_embeds
            golden.write_tensors(OUTPUT / name / "sides.safetensors", {
                "input_ids": ids, "attention_mask": mask, "output": output, "texts": pooled})


def write_training(name, targets):
    """LoRA on the targets and the head trained whole; everything where there are no targets."""
    architecture, config, labels, sizes = CASES[name]
    place = f"training-{name}" if targets else f"training-{name}-whole"
    folder, (height, width), trace = OUTPUT / place, sizes[0], []
    pixels = pictures(f"training {name}", config.get("vision_config", config), height, width, count=10)
    classes = [index % labels for index in range(10)]
    golden.write_tensors(folder / "rows.safetensors", {"pixels": pixels, "labels": torch.tensor(classes)})
    golden.seed("vision", "training")
    base = getattr(transformers, architecture).from_pretrained(OUTPUT / name)
    base.name_or_path = f"vision/{name}"
    model = base.train()
    if targets:
        settings = LoraConfig(r=4, lora_alpha=8, target_modules=targets, modules_to_save=["classifier"])
        model = get_peft_model(base, settings).train()
        golden.save_adapter(model, folder / "initial")
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=RATE, weight_decay=0.0)
    for step in range(STEPS):
        chosen = [(step * BATCH + place) % 10 for place in range(BATCH)]
        loss = model(pixel_values=pixels[chosen], labels=torch.tensor([classes[row] for row in chosen])).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(trained, float("inf"))
        optimizer.step()
        optimizer.zero_grad()
        trace.append({"step": step + 1, "loss": loss.item(), "grad_norm": norm.item()})
    if targets:
        golden.save_adapter(model, folder / "final")
    else:
        golden.write_tensors(folder / "final" / "model.safetensors", model.state_dict())
    settings = {"model": name, "steps": STEPS, "batch_size": BATCH, "learning_rate": RATE}
    golden.write_table(folder / "run.json", settings | {"trace": trace})
    print(f"{place}: {trace[0]['loss']:.4f} -> {trace[-1]['loss']:.4f}")


def main():
    golden.check_versions()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    for name, (architecture, config, labels, sizes) in CASES.items():
        model = write_checkpoint(name, architecture, config, labels)
        tensors = expected(name, model, config, sizes)
        golden.write_tensors(OUTPUT / name / "expected.safetensors", tensors)
        print(f"{name}: output std {tensors[next(key for key in tensors if key.endswith('output'))].std():.3f}")
    write_contrast()
    for name, targets in TRAINED.items():
        write_training(name, targets)
    write_training("resnet", None)


if __name__ == "__main__":
    main()
