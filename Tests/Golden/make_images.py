"""Writes images/: small PNG and JPEG files of every kind, with what Pillow reads out of them and makes of them."""

import shutil

import numpy as np
import torch
import transformers
from PIL import Image, ImageOps

import golden
from golden import ROOT, generator

OUTPUT = ROOT / "images"


def noise(shape, *names):
    return torch.randint(0, 256, shape, generator=generator("images", *names)).numpy().astype(np.uint8)


def picture(height, width, channels, *names):
    """Waves with some noise: neither flat nor wild."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [127 + 100 * np.sin(x / (3.0 + c) + c) * np.cos(y / (4.0 + c)) for c in range(channels)]
    values = np.stack(waves, -1) + noise((height, width, channels), *names) / 8 - 16
    return np.clip(values, 0, 255).astype(np.uint8)


def write(name, image, **options):
    OUTPUT.mkdir(parents=True, exist_ok=True)
    image.save(OUTPUT / name, **options)


def files():
    color, gray = picture(21, 26, 3, "color"), picture(21, 26, 1, "gray")[:, :, 0]
    alpha = np.dstack([color, noise((21, 26), "alpha")])
    write("rgb.png", Image.fromarray(color))
    write("rgba.png", Image.fromarray(alpha))
    write("gray.png", Image.fromarray(gray))
    write("gray-alpha.png", Image.fromarray(np.dstack([gray, alpha[:, :, 3]]), "LA"))
    write("palette.png", Image.fromarray(color).quantize(16))
    write("palette-1bit.png", Image.fromarray(color).quantize(2), bits=1)
    write("bits.png", Image.fromarray(gray).convert("1"))
    write("stored.png", Image.fromarray(color), compress_level=0)
    write("quick.png", Image.fromarray(color), compress_level=1)
    for kind, sampling in (("444", 0), ("422", 1), ("420", 2)):
        write(f"{kind}.jpg", Image.fromarray(color), quality=88, subsampling=sampling)
        write(f"{kind}-progressive.jpg", Image.fromarray(color), quality=70, subsampling=sampling, progressive=True)
    write("411.jpg", Image.fromarray(color), quality=80, subsampling="4:1:1")
    write("gray.jpg", Image.fromarray(gray), quality=80)
    write("restart.jpg", Image.fromarray(color), quality=85, restart_marker_blocks=2)
    write("optimized.jpg", Image.fromarray(color), quality=30, optimize=True)
    write("cmyk.jpg", Image.fromarray(color).convert("CMYK"), quality=90)
    write("tiny.jpg", Image.fromarray(color[:1, :2]), quality=90)
    write("narrow.jpg", Image.fromarray(color[:17, :3]), quality=90)
    exif = Image.Exif()
    for orientation in range(2, 9):
        exif[0x0112] = orientation
        write(f"turned-{orientation}.jpg", Image.fromarray(color[:9, :12]), quality=95, exif=exif.tobytes())


def expected():
    """What Pillow reads, in red, green and blue, the way up that the file says."""
    tensors = {}
    for path in sorted(OUTPUT.glob("*.*g")):
        image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        tensors[f"{path.name}.rgb"] = torch.from_numpy(np.array(image))
    source = Image.open(OUTPUT / "rgb.png")
    tensors["gray.of.rgb"] = torch.from_numpy(np.array(source.convert("L")))
    for filter in range(6):
        for width, height in ((13, 9), (40, 33), (26, 10), (5, 40)):
            resized = source.resize((width, height), resample=filter)
            tensors[f"resized.{filter}.{width}x{height}"] = torch.from_numpy(np.array(resized))
    return tensors


PROCESSORS = {
    "vit": ("ViTImageProcessorPil", {"size": {"height": 16, "width": 12}}),
    "vit-older": ("ViTImageProcessorPil", {"size": 14, "resample": 3, "image_mean": [0.1, 0.2, 0.3]}),
    "clip": ("CLIPImageProcessorPil", {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}}),
    "clip-wide": ("CLIPImageProcessorPil", {"size": 12, "crop_size": {"height": 18, "width": 14}}),
    "bit": ("BitImageProcessorPil", {"size": {"shortest_edge": 20}, "crop_size": 15, "do_rescale": False}),
    "convnext": ("ConvNextImageProcessorPil", {"size": {"shortest_edge": 14}, "crop_pct": 0.875}),
    "convnext-large": ("ConvNextImageProcessorPil", {"size": {"shortest_edge": 384}}),
    "plain": ("ViTImageProcessorPil", {"do_resize": False, "do_normalize": False}),
    "longest": ("CLIPImageProcessorPil", {"size": {"shortest_edge": 18, "longest_edge": 20}, "do_center_crop": False}),
}


def processed():
    """Each processor's own file, and what it makes of two pictures; a large one's corner only."""
    tensors, configurations = {}, {}
    for name, (kind, options) in PROCESSORS.items():
        processor = getattr(transformers, kind)(**options)
        configurations[name] = options | {"image_processor_type": kind.removesuffix("Pil")}
        for file in ("rgb.png", "gray.png"):
            image = Image.open(OUTPUT / file).convert("RGB")
            values = processor(images=image, return_tensors="pt").pixel_values[0]
            tensors[f"{name}.{file}"] = values[:, :8, :8] if "large" in name else values
    golden.write_json(OUTPUT / "processors.json", configurations)
    return tensors


def main():
    golden.check_versions()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    files()
    golden.write_tensors(OUTPUT / "expected.safetensors", expected() | processed())
    print(f"{len(list(OUTPUT.iterdir()))} files")


if __name__ == "__main__":
    main()
