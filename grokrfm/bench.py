"""What an RFM iteration costs, as a ratio to the bare Cholesky factorisation beside it.

Absolute times mean little on a shared machine. A ratio of two things measured alternately in one
process means much: the factorisation is the part that no implementation can avoid.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from grokrfm import tasks
from grokrfm.experiment import Experiment
from grokrfm.kernels import Gaussian, Kernel, Quadratic
from grokrfm.probes import Accuracy, Grok, Loss, Margin
from grokrfm.rfm import RFM, Identity
from grokrfm.rfm.start import examples
from grokrfm.runs.features import FeatureSelection
from grokrfm.splits import FixedPoints

CPU = torch.device("cpu")
KERNELS: dict[str, Kernel] = {"gaussian": Gaussian(2.5), "quadratic": Quadratic()}
# Ratio to Cholesky that an iteration may cost at p = 61, one thread; MB for the whole process.
BOUNDS = {"gaussian": 2.5, "quadratic": 2.0}
MEMORY_BOUND = 1000


def main() -> None:
    """Time every kernel, each in a fresh process on one thread, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modulus", type=int, default=61, help="addition mod this")
    parser.add_argument("--repeats", type=int, default=7, help="pairs timed after one warm-up")
    parser.add_argument("--kernel", choices=KERNELS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.kernel:
        json.dump(measure(arguments.kernel, arguments.modulus, arguments.repeats), sys.stdout)
        return
    table = pd.DataFrame([_in_fresh_process(name, arguments) for name in KERNELS])
    machine = f"{platform.processor() or platform.machine()}, torch {torch.__version__}, 1 thread"
    sys.stdout.write(f"{machine}\n\n{table.to_markdown(index=False)}\n")


def measure(kernel: str, modulus: int, repeats: int) -> dict[str, object]:
    """One row of the table: an iteration with all probes against `torch.linalg.cholesky`.

    The task is addition mod `modulus` with all but the fixed points of s for training. Iteration
    and factorisation alternate; the ratio is taken pair by pair.
    """
    torch.set_num_threads(1)
    experiment = Experiment(
        task=tasks.addition(modulus),
        splitter=FixedPoints([0], 0, 0, 0),
        kernel=KERNELS[kernel],
        rfm=RFM(repeats + 1, 1e-8, "cholesky", 0.5, True, "float64", 1e6, None, 1, 60),
        start=Identity(),
        probes={"a": Accuracy(1e-6), "l": Loss(), "m": Margin(1e-6), "g": Grok(0.9)},
        seed=0,
    )
    pairs = list(_timed_pairs(experiment))[1:]
    whole, bare = np.array(pairs).T
    ratio = whole / bare
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return {
        "kernel": kernel,
        "n": len(experiment.split.train),
        "cholesky [s]": round(float(np.median(bare)), 3),
        "iteration [s]": round(float(np.median(whole)), 3),
        "ratio": round(float(np.median(ratio)), 2),
        "min-max": f"{ratio.min():.2f}-{ratio.max():.2f}",
        "bound": BOUNDS[kernel],
        "peak memory [MB]": round(peak),
        "memory bound": MEMORY_BOUND,
    }


def _timed_pairs(experiment: Experiment) -> Iterator[tuple[float, float]]:
    """Seconds of an iteration, and of the factorisation of its kernel matrix right after it."""
    x = examples(experiment.task, experiment.split.train, CPU).inputs
    started = time.perf_counter()
    for observation in experiment.observe(CPU, FeatureSelection("all")):
        whole = time.perf_counter() - started
        M = torch.as_tensor(observation.arrays[observation.iteration])
        K = experiment.kernel.gram(M, x, x)
        K.diagonal().add_(experiment.rfm.ridge)
        started = time.perf_counter()
        torch.linalg.cholesky(K)
        bare = time.perf_counter() - started
        del K
        yield whole, bare
        started = time.perf_counter()


def _in_fresh_process(kernel: str, arguments: argparse.Namespace) -> dict[str, object]:
    sizes = ["--modulus", str(arguments.modulus), "--repeats", str(arguments.repeats)]
    command = [sys.executable, "-m", "grokrfm.bench", "--kernel", kernel, *sizes]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    row: dict[str, object] = json.loads(done.stdout)
    return row


if __name__ == "__main__":
    main()
