"""Speed of a sweep of small runs against a plain loop over them on as many processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from grokrfm import tasks
from grokrfm.bench.measure import Row, Tables
from grokrfm.splits import Uniform

MODULUS, SHARE, ITERATIONS = 11, 0.9, 60
GROKRFM = str(Path(sys.executable).with_name("grokrfm"))


def against_loop(runs: int, loop_runs: int, *settings: str) -> Row:
    """Measure a sweep of Gaussian runs with all default probes, its start and records included.

    The loop computes `loop_runs` of them and is scaled to `runs`; the start of its processes does
    not count.
    """
    slots = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        chosen = [f"task.modulus={MODULUS}", f"split.train_fraction={SHARE}", *settings]
        fixed = ["hardware.threads=1", f"rfm.iterations={ITERATIONS}", "study=small"]
        began = time.monotonic()
        command = [GROKRFM, "-m", *chosen, *fixed, f"seed=range(0,{runs})", f"outputs={folder}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        ours = time.monotonic() - began
    with ProcessPoolExecutor(slots, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        list(pool.map(plain_run, range(2 * slots)))
        began = time.monotonic()
        list(pool.map(plain_run, range(loop_runs)))
        loop = (time.monotonic() - began) / loop_runs * runs
    return {
        "settings": " ".join(settings),
        "runs": runs,
        "processes": slots,
        "loop [s]": round(loop, 1),
        "sweep [s]": round(ours, 1),
        "ratio": round(loop / ours, 2),
    }


def plain_run(seed: int) -> list[tuple[float, ...]]:
    """Accuracies and losses of every iteration: LU, a tensor n × c × d, and a root by SVD."""
    task = tasks.addition(MODULUS)
    split = Uniform(SHARE).split(task, np.random.default_rng(seed))
    X = torch.zeros(len(task.active), task.width, dtype=torch.float64)
    X.scatter_(1, torch.as_tensor(task.active), 1)
    labels = torch.as_tensor(task.labels)
    Y = torch.nn.functional.one_hot(labels).double()
    train, test = torch.as_tensor(split.train), torch.as_tensor(split.test)
    M, measured = torch.eye(task.width, dtype=torch.float64), []
    for _ in range(ITERATIONS):
        K = _gaussian(M, X[train], X[train])
        alpha = torch.linalg.solve(K, Y[train])
        numbers: list[float] = []
        for rows, outputs in ((train, K @ alpha), (test, _gaussian(M, X[test], X[train]) @ alpha)):
            right = outputs.argmax(dim=1) == labels[rows]
            numbers += [right.double().mean().item(), (outputs - Y[rows]).square().mean().item()]
        measured.append(tuple(numbers))
        XM = X[train] @ M
        weighted = (K @ (alpha[:, :, None] * XM[:, None, :]).flatten(1)).view(*alpha.shape, -1)
        jacobians = weighted - (K @ alpha)[:, :, None] * XM[:, None, :]
        centred = (jacobians - jacobians.mean(dim=0)).flatten(0, 1) / 6.25
        U, S, Vh = torch.linalg.svd(centred.T @ centred / len(train))
        M = (U * S.sqrt()) @ Vh
    return measured


def _gaussian(M: Tensor, x: Tensor, z: Tensor) -> Tensor:
    xM, zM = x @ M, z @ M
    norms = (xM * x).sum(dim=1)[:, None] + (zM * z).sum(dim=1)
    return torch.exp((norms - 2 * xM @ z.T).clamp(min=0) / -12.5)


TABLES: Tables = {
    "2,000 runs of p = 11 and 60 iterations: a plain loop / a sweep (at least 8)": (
        against_loop,
        [[2000, 200], [2000, 200, "rfm.batch=auto"]],
    ),
}
