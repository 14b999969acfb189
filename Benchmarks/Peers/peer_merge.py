"""Times Hugging Face PEFT merging an adapter into its base: load, merge, save."""

import shutil
import tempfile
import time

import peers


def main():
    options = peers.parser(__doc__)
    options.add_argument("--adapter", required=True)
    options.add_argument("--output", help="where the merged model goes; a temporary folder unless named")
    arguments, import_seconds = peers.start(options)
    from peft import PeftModel

    began = time.perf_counter()
    model, load_seconds = peers.load(arguments)
    model = PeftModel.from_pretrained(model, arguments.adapter)
    adapter_seconds = time.perf_counter() - began - load_seconds
    clock = time.perf_counter()
    merged = model.merge_and_unload()
    merge_seconds = time.perf_counter() - clock
    clock = time.perf_counter()
    output = arguments.output or tempfile.mkdtemp()
    merged.save_pretrained(output)
    save_seconds = time.perf_counter() - clock
    if not arguments.output:
        shutil.rmtree(output)
    peers.report(
        total_seconds=time.perf_counter() - began, import_seconds=import_seconds, load_seconds=load_seconds,
        adapter_seconds=adapter_seconds, merge_seconds=merge_seconds, save_seconds=save_seconds)


if __name__ == "__main__":
    main()
