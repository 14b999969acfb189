"""What the peers share: threads, the allocator's setting, memory, data, adapters, and the one JSON line they print."""

import argparse
import json
import os
import resource
import statistics
import sys
import time
import warnings

STARTED = time.perf_counter()
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def parser(description):
    """Options that every peer has."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--model", required=True, help="a folder in Hugging Face layout")
    options.add_argument("--dtype", default="auto", choices=["auto", "float32", "bfloat16", "float16"])
    options.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    options.add_argument("--quantize", choices=["nf4", "int8"], help="keep the base in few bits, by bitsandbytes")
    options.add_argument("--threads", type=int, default=os.cpu_count())
    options.add_argument("--seed", type=int, default=0)
    options.add_argument(
        "--tuned-allocator", action="store_true", help="let the C allocator keep memory instead of returning it")
    return options


def start(options):
    """Parses, restarts with a tuned allocator where asked, then imports torch; returns (arguments, seconds it took)."""
    arguments = options.parse_args()
    if arguments.tuned_allocator and "MALLOC_TRIM_THRESHOLD_" not in os.environ:
        keep = {"MALLOC_MMAP_THRESHOLD_": "8589934592", "MALLOC_TRIM_THRESHOLD_": "17179869184"}
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | keep)
    began = time.perf_counter()
    warnings.filterwarnings("ignore", category=FutureWarning)
    import peft  # noqa: F401
    import torch
    import transformers

    seconds = time.perf_counter() - began
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    return arguments, seconds


def load(arguments, kind="AutoModelForCausalLM", **named):
    """The model, and the seconds that loading took."""
    import torch
    import transformers

    began = time.perf_counter()
    dtype = "auto" if arguments.dtype == "auto" else getattr(torch, arguments.dtype)
    if arguments.quantize:
        named |= {"quantization_config": quantization(arguments, dtype), "device_map": arguments.device}
    model = getattr(transformers, kind).from_pretrained(arguments.model, dtype=dtype, **named)
    if not getattr(model, "is_quantized", False):
        model.to(arguments.device)
    wait(arguments)
    return model, time.perf_counter() - began


def quantization(arguments, dtype):
    """As QLoRA keeps a base, with products in the type of the model, which is the fastest that bitsandbytes has."""
    import torch
    from transformers import AutoConfig, BitsAndBytesConfig

    if arguments.quantize == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    if dtype == "auto":
        dtype = AutoConfig.from_pretrained(arguments.model).dtype or torch.float32
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype)


def adapter_config(method, rank, steps, targets=None, task="CAUSAL_LM"):
    """The configuration that `peft bench` uses too: the named projections, alpha twice the rank, no dropout."""
    from peft import AdaLoraConfig, LoraConfig

    shared = {"task_type": task, "target_modules": targets or PROJECTIONS, "lora_alpha": 2 * rank}
    if method == "adalora":
        return AdaLoraConfig(init_r=rank, target_r=max(1, rank // 2), total_step=max(steps, 4) * 100, **shared)
    return LoraConfig(r=rank, use_dora=method == "dora", **shared)


def read_rows(path):
    """Tokenized rows, one JSON object with input_ids and perhaps labels to a line."""
    with open(path) as file:
        return [json.loads(line) for line in file if line.strip()]


def padded(rows, device):
    """A batch padded on the right: ids, mask and labels."""
    import torch

    width = max(len(row["input_ids"]) for row in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.int64)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
    for index, row in enumerate(rows):
        length = len(row["input_ids"])
        ids[index, :length], mask[index, :length] = torch.tensor(row["input_ids"]), 1
        labels[index, :length] = torch.tensor(row.get("labels", row["input_ids"]))
    return {"input_ids": ids.to(device), "attention_mask": mask.to(device), "labels": labels.to(device)}


def wait(arguments):
    """Lets pending work on a GPU finish, so that a clock tells the truth."""
    import torch

    if arguments.device.startswith("cuda"):
        torch.cuda.synchronize()


def median(values):
    return statistics.median(values) if values else None


def peak_bytes():
    """Largest resident memory of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def report(**values):
    """The result: one JSON object on one line."""
    print(json.dumps(values | {"peak_rss_bytes": peak_bytes()}))
