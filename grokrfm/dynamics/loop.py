"""The loop of a training: updates of all members of some runs, observed now and then."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from grokrfm.checks import NumericsError
from grokrfm.dynamics.arrays import prediction_arrays
from grokrfm.dynamics.choice import chosen
from grokrfm.dynamics.episodes import Member, batches
from grokrfm.dynamics.horizon import errors_by_step, snapped_module
from grokrfm.dynamics.model import Losses, Model, Module
from grokrfm.dynamics.probes import candidate, measured
from grokrfm.dynamics.training import DTYPES, Ensemble, Training, generator
from grokrfm.dynamics.view import View
from grokrfm.environments import Environment
from grokrfm.environments.environment import Mask
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.learner import Arrays, Observation
from grokrfm.runs.record import Number

WEIGHTS, HORIZON = 1, 4
"""Purposes of generators, beside those of episodes."""

REMEDY = "try a smaller train.rate"


class Run(Protocol):
    """Parts of a run that the loop reads; a Dynamics has them."""

    @property
    def environment(self) -> Environment: ...

    @property
    def model(self) -> Model: ...

    @property
    def training(self) -> Training: ...

    @property
    def seen(self) -> Mask | None: ...

    @property
    def seed(self) -> int: ...

    @property
    def horizons(self) -> Sequence[int]: ...

    def members(self) -> list[Member]: ...


def trained(
    runs: Sequence[Run],
    device: torch.device,
    keeps: Sequence[FeatureSelection],
    resumes: Sequence[Arrays | None],
) -> Iterator[tuple[int, Observation | Exception]]:
    """Train the members of some runs as one ensemble; yield observations with the run's index.

    Parameters
    ----------
    resumes   states of all runs after equal numbers of updates, or None for all

    Raises nothing for a run whose loss is not finite: it yields a NumericsError, and no more.
    """
    training, model = runs[0].training, runs[0].model
    members = [member for run in runs for member in run.members()]
    modules = [initial(member) for member in members]
    ensemble = Ensemble(modules, training, device, model.trains_together)
    first = 0
    if states := [state for state in resumes if state]:
        ensemble.resume(states)
        first = int(states[0]["updates"])
    weigh = partial(_weights, model, len(members), DTYPES[training.dtype], device)
    observed, window, failed = set(training.observed), list[Losses](), set[int]()
    started, begun = time.monotonic(), first
    for update, batch in enumerate(batches(members, training, first, device), first):
        window.append(ensemble.update(update, batch, weigh(update / training.updates)))
        if (done := update + 1) not in observed:
            continue
        losses = {name: torch.stack([one[name] for one in window]) for name in window[0]}
        seconds = (time.monotonic() - started) / (done - begun)
        for k, run in enumerate(runs):
            if k in failed:
                continue
            own = slice(k * training.restarts, (k + 1) * training.restarts)
            try:
                yield k, _observation(run, ensemble, own, losses, done, seconds, keeps[k])
            except NumericsError as error:
                failed.add(k)
                yield k, error
        window, started, begun = [], time.monotonic(), done


def initial(member: Member) -> Module:
    """Return a module with the initial weights of a member."""
    seed = generator(member.seed, WEIGHTS, member.restart).integers(2**63)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(seed))
        return member.model.module(member.environment)


def _weights(
    model: Model, members: int, dtype: torch.dtype, device: torch.device, share: float
) -> Mapping[str, Tensor]:
    return {
        name: torch.full((members,), value, dtype=dtype, device=device)
        for name, value in model.weights(share).items()
    }


def _observation(
    run: Run,
    ensemble: Ensemble,
    own: slice,
    losses: Mapping[str, Tensor],
    done: int,
    seconds: float,
    keep: FeatureSelection,
) -> Observation:
    """Observe a run after `done` updates; `losses` are (W, R) since its last observation."""
    _check(losses["loss"][:, own], done)
    if not ensemble.is_finite(own):
        raise NumericsError(f"the weights after update {done - 1} are not finite; {REMEDY}")
    means = {name: values[:, own].mean(dim=0).tolist() for name, values in losses.items()}
    views = [
        View(ensemble.member(r), run.environment, run.seen) for r in range(own.start, own.stop)
    ]
    candidates = map(candidate, views, means["reconstruction_loss"])
    best = chosen(list(candidates))
    view, last = views[best], done == run.training.updates
    numbers: dict[str, Number] = {
        **{name: values[best] for name, values in means.items() if name != "loss"},
        **measured(view),
        **_final(run, views, view if last else None),
        "restart": best,
        "seconds": seconds,
    }
    wanted = view.matrices is not None and keep.wants(done, last)
    state = {**ensemble.state(own), "updates": np.array(done)}
    return Observation(
        done - 1,
        numbers,
        {done: view.matrices} if wanted and view.matrices is not None else {},
        lambda: state,
        partial(prediction_arrays, view, generator(run.seed, HORIZON, 1)),
    )


def _final(run: Run, views: Sequence[View], view: View | None) -> dict[str, Number]:
    """Return the numbers that only the end tells; None before, where `view` is None."""
    numbers: dict[str, Number] = {"restarts_recovered": None} if run.environment.has_table else {}
    if view is not None and numbers:
        verdicts = [measured(view).get("verdict") for view in views]
        numbers["restarts_recovered"] = verdicts.count("recovered")
    modules = {"error_at": view.module if view else None}
    if views[0].matrices is not None:
        modules["snapped_error_at"] = snapped_module(view) if view else None
    for name, module in modules.items():
        errors = None
        if module is not None and run.horizons:
            rng = generator(run.seed, HORIZON, 0)  # the same walks for both
            errors = errors_by_step(module, run.environment, max(run.horizons), rng)
        for h in run.horizons:
            numbers[f"{name}_{h}"] = None if errors is None else float(errors[h])
    return numbers


def _check(losses: Tensor, done: int) -> None:
    """Raise NumericsError for a loss that is not finite, naming the update."""
    wrong = (~losses.isfinite()).nonzero()
    if len(wrong):
        update = done - len(losses) + int(wrong[0, 0])
        raise NumericsError(f"the loss of update {update} is not finite; {REMEDY}")
