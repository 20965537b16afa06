"""Speed of the engine on a CUDA device; no tables without one."""

from __future__ import annotations

import torch

from grokrfm.bench.batch import against_alone
from grokrfm.bench.iteration import NO_FEATURES, against_cholesky, experiment_of, splitter_of
from grokrfm.bench.measure import Row, Tables, ratio, seconds

QUARTER = 0.25


def float64_against_mixed(modulus: int, train_fraction: float, repeats: int = 7) -> Row:
    """Measure Gaussian iterations in float64 against float32 with refinement, alternately."""
    device = torch.device("cuda")
    shape = "gaussian", modulus, splitter_of(train_fraction), repeats + 1
    exact, refined = experiment_of(*shape), experiment_of(*shape, solver="mixed")
    runs = [experiment.observe(device, NO_FEATURES) for experiment in (exact, refined)]
    pairs = [
        (seconds(lambda: next(runs[0])), seconds(lambda: next(runs[1]))) for _ in range(repeats + 1)
    ][1:]
    row = {"p": modulus, "n": len(exact.split.train)}
    return {**row, **ratio(pairs, "float64", "mixed")}


TABLES: Tables = {
    "GPU: iteration / Cholesky": (
        against_cholesky,
        [
            *([kernel, 61, 7, "cuda"] for kernel in ("gaussian", "laplace", "quadratic")),
            ["gaussian", 113, 3, "cuda"],
            ["gaussian", 199, 3, "cuda", QUARTER],
        ],
    ),
    "GPU: an iteration of a run alone / in a batch": (
        against_alone,
        [["gaussian", modulus, members, 5, "cuda"] for modulus in (31, 61) for members in (4, 16)],
    ),
    "GPU: float64 / mixed": (
        float64_against_mixed,
        [[61, QUARTER], [113, QUARTER], [199, QUARTER]],
    ),
}
if not torch.cuda.is_available():
    TABLES = {}
