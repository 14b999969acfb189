"""Runs the trials that the command line asks for and says which of them disagreed."""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def options():
    result = argparse.ArgumentParser(prog="scripts/parity", description=__doc__)
    result.add_argument("--trials", type=int, default=40)
    result.add_argument("--seed", type=int, default=1)
    result.add_argument("--only", type=int, help="run this trial alone")
    result.add_argument("--methods", help="comma-separated; all of them unless named")
    result.add_argument("--program", default=ROOT / ".build" / "release" / "peft", type=Path)
    result.add_argument("--keep", type=Path, help="keep the files of trials that disagree below this folder")
    return result


def main():
    arguments = options().parse_args()
    if not os.access(arguments.program, os.X_OK):
        sys.exit(f"error: {arguments.program} is missing: build it with `make build`, or name it with --program")
    from . import draw
    from .program import Program
    from .trial import Trial

    methods = arguments.methods.split(",") if arguments.methods else draw.METHODS
    unknown = [name for name in methods if name not in draw.METHODS]
    if unknown:
        sys.exit(f"error: unknown method {unknown[0]}: one of {', '.join(draw.METHODS)}")
    numbers = range(arguments.trials) if arguments.only is None else [arguments.only]
    failed = []
    with tempfile.TemporaryDirectory(prefix="parity-") as work:
        for number in numbers:
            program = Program(arguments.program.resolve())
            trial = Trial(arguments.seed, number, methods, program, Path(work) / str(number))
            agreed = trial.run()
            print(f"trial {number}: {'ok' if agreed else 'DIFFERS'}  {trial.title}  [{trial.summary}]", flush=True)
            if not agreed:
                failed.append(number)
                print("".join(f"    {problem}\n" for problem in trial.problems[:8]), end="", flush=True)
                if arguments.keep:
                    shutil.copytree(trial.folder, arguments.keep / str(number), dirs_exist_ok=True)
                    (arguments.keep / str(number) / "commands.txt").write_text("\n".join(program.commands) + "\n")
            shutil.rmtree(trial.folder, ignore_errors=True)
    print(f"{len(numbers) - len(failed)} of {len(numbers)} trials agree (seed {arguments.seed})")
    if failed:
        sys.exit(f"error: trials {failed} differ: run one again with --only N --keep DIR --seed {arguments.seed}")


if __name__ == "__main__":
    main()
