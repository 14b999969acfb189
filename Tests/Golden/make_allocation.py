"""Writes allocation/: AdaLoRA's rank allocator over whole schedules, on given gradients, step by step."""

import shutil

import torch
from peft import AdaLoraConfig, get_peft_model
from torch import nn

import golden
from golden import ROOT, randn

OUTPUT = ROOT / "allocation"
LAYERS = {"a": (6, 5), "b": (4, 7), "c": (5, 5)}
STEPS = 24

SCHEDULES = {
    "usual": {"init_r": 4, "target_r": 2, "tinit": 4, "tfinal": 6, "deltaT": 2, "total_step": STEPS},
    "every-step": {"init_r": 4, "target_r": 1, "tinit": 0, "tfinal": 1, "deltaT": 1, "total_step": STEPS},
    "sparse": {"init_r": 4, "target_r": 2, "tinit": 3, "tfinal": 5, "deltaT": 7, "total_step": STEPS},
    "betas": {"init_r": 4, "target_r": 2, "tinit": 2, "tfinal": 4, "deltaT": 3, "total_step": STEPS, "beta1": 0.5,
              "beta2": 0.95},
    "one-left": {"init_r": 4, "target_r": 3, "tinit": 1, "tfinal": 2, "deltaT": 1, "total_step": STEPS},
}


def fresh(fields):
    """A model of three adapted layers with given triplets, and its parameters by short name: a.lora_A, ..."""
    golden.seed("allocation")
    model = nn.ModuleDict({name: nn.Linear(*shape) for name, shape in LAYERS.items()})
    model = get_peft_model(model, AdaLoraConfig(target_modules=list(LAYERS), **fields))
    found = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and "ranknum" not in name:
            _, _, layer, kind, _ = name.split(".")
            found[f"{layer}.{kind}"] = parameter
            with torch.no_grad():
                parameter.copy_(randn(parameter.shape, 0.3, "allocation", layer, kind))
    return model, found


def gradients(parameters):
    """One gradient per step and parameter; layers and steps differ in size, so that ranks move between layers."""
    size = {"a": 1.0, "b": 0.4, "c": 1.6}
    return {name: torch.stack([
        randn(value.shape, size[name[0]] * (1 + 0.5 * ((step * 7) % 5)), "allocation", "gradient", name, step)
        for step in range(1, STEPS + 1)]) for name, value in parameters.items()}


def budgets(allocator):
    """The budget of every step and whether it masks, as the reference's schedule gives them."""
    return [dict(zip(("budget", "masks"), allocator.budget_schedule(step))) for step in range(1, STEPS + 1)]


def trace(fields, given):
    """Plain gradient descent with the allocator called after each step: what it measured, masked and kept."""
    model, parameters = fresh(fields)
    allocator, thresholds = model.base_model.rankallocator, []
    kthvalue = torch.kthvalue

    def spy(values, k):
        result = kthvalue(values, k=k)
        thresholds.append(result[0].item())
        return result

    torch.kthvalue = spy
    records, statistics = [], {}
    for step in range(1, STEPS + 1):
        thresholds.clear()
        for name, parameter in parameters.items():
            parameter.grad = given[name][step - 1].clone()
            with torch.no_grad():
                parameter -= 0.01 * parameter.grad
        model.base_model.update_and_allocate(step)
        pattern = model.peft_config["default"].rank_pattern
        records.append({
            "step": step, "threshold": thresholds[0] if thresholds else None,
            "rank_pattern": {name.split(".")[0]: "".join("01"[kept] for kept in row) for name, row in pattern.items()}
            if pattern else None,
            "e": {name[0]: value.flatten().tolist() for name, value in parameters.items() if name.endswith("lora_E")}})
        if step in (1, 10):
            statistics |= recorded(allocator, step)
    torch.kthvalue = kthvalue
    return {"config": fields, "budgets": budgets(allocator), "trace": records}, statistics


def recorded(allocator, step):
    """The allocator's smoothed sensitivity and uncertainty after a step."""
    tensors = {}
    for kind, values in (("sensitivity", allocator.exp_avg_ipt), ("uncertainty", allocator.exp_avg_unc)):
        for name, value in values.items():
            layer, parameter, _ = name.split(".")
            tensors[f"{step}.{kind}.{layer}.{parameter}"] = value
    return tensors


def main():
    golden.check_versions()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    _, parameters = fresh(SCHEDULES["usual"])
    given = gradients(parameters)
    start = {f"start.{name}": value for name, value in parameters.items()}
    golden.write_tensors(OUTPUT / "given.safetensors", start | {f"gradient.{k}": v for k, v in given.items()})
    for case, fields in SCHEDULES.items():
        result, statistics = trace(fields, given)
        golden.write_table(OUTPUT / f"{case}.json", result)
        golden.write_tensors(OUTPUT / f"{case}.safetensors", statistics)
        print(case, [record["rank_pattern"] for record in result["trace"]][-1])


if __name__ == "__main__":
    main()
