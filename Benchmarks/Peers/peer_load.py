"""Times what comes before any work: importing torch, transformers and PEFT, loading a model, loading an adapter."""

import time

import peers


def main():
    options = peers.parser(__doc__)
    options.add_argument("--adapter", action="append", default=[], help="may repeat: load these adapters as well")
    arguments, import_seconds = peers.start(options)
    from peft import PeftModel

    model, load_seconds = peers.load(arguments)
    adapter_seconds = []
    for index, folder in enumerate(arguments.adapter):
        began = time.perf_counter()
        if index == 0:
            model = PeftModel.from_pretrained(model, folder, adapter_name="adapter0")
        else:
            model.load_adapter(folder, adapter_name=f"adapter{index}")
        adapter_seconds.append(time.perf_counter() - began)
    peers.report(import_seconds=import_seconds, load_seconds=load_seconds, adapter_seconds=adapter_seconds,
                 parameters=sum(parameter.numel() for parameter in model.parameters()))


if __name__ == "__main__":
    main()
