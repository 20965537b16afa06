"""Command that prints the tables of the benchmarks."""

from __future__ import annotations

import argparse
import json
import os
import pkgutil
import platform
import sys
from datetime import date
from importlib import import_module
from pathlib import Path

import pandas as pd
import torch

from grokrfm import bench
from grokrfm.bench.measure import Tables, in_fresh_process

SUBJECTS = [module.name for module in pkgutil.iter_modules(bench.__path__)]


def main() -> None:
    """Print the tables of all or the named subjects; `--large`: those that take minutes."""
    parser = argparse.ArgumentParser(prog="bench", description=bench.__doc__)
    parser.add_argument("subjects", nargs="*", metavar="subject", help="all, unless some are named")
    parser.add_argument("--large", action="store_true", help="the tables of large groups")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.row:
        module, name, *given = json.loads(arguments.row)
        json.dump(getattr(import_module(module), name)(*given), sys.stdout)
        return
    sys.stdout.write(f"{_machine()}, torch {torch.__version__}, one thread, {date.today()}\n")
    for subject in arguments.subjects or SUBJECTS:
        module = import_module(f"grokrfm.bench.{subject}")
        _print(getattr(module, "LARGE" if arguments.large else "TABLES", {}))


def _machine() -> str:
    """Processor, or its architecture if unknown, with its number of cores, and the GPUs."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return ", ".join([f"{os.cpu_count()} x {(names or [platform.machine()])[0]}", *gpus])


def _print(tables: Tables) -> None:
    for title, (measure, rows) in tables.items():
        measured = []
        for done, row in enumerate(rows):
            sys.stderr.write(f"\r{measure.__name__} {done + 1}/{len(rows)}")
            measured.append(in_fresh_process(measure, row))
        sys.stderr.write("\n")
        table = pd.DataFrame(measured)
        sys.stdout.write(f"\n{title}\n\n{table.to_markdown(index=False)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
