"""Runs of equal shapes, solved as one batched computation.

The engine computes a batch like a run, with an additional first dimension. An iteration that fails
for the batch is repeated run by run: a failing run then fails as it does alone, and the others
continue. The results equal those of the runs alone up to rounding.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from grokrfm.checks import NumericsError
from grokrfm.kernels import Kernel
from grokrfm.kernels.batched import batch_key as kernel_key
from grokrfm.kernels.batched import batched
from grokrfm.rfm.engine import RFM
from grokrfm.rfm.examples import Examples, stacked
from grokrfm.rfm.problem import Problem
from grokrfm.rfm.solve import BATCHED_SOLVERS
from grokrfm.rfm.step import State, Step

log = logging.getLogger(__name__)

MOST_ROWS_ON_CPU = 300
"""Training rows up to which a batch is faster on a CPU; see docs/performance.md."""


@dataclass(frozen=True, eq=False)
class Member:
    """Run of a batch: the arguments of RFM.steps."""

    rfm: RFM
    kernel: Kernel
    train: Examples
    test: Examples
    classes: int
    start: Tensor | State


def batch_key(
    rfm: RFM, kernel: Kernel, shape: tuple[int, ...], rows: int, device: torch.device
) -> Hashable:
    """Key that is equal for runs that may share a batch; None for a run that must run alone.

    Parameters
    ----------
    shape   the sizes that a batch must share: training and test rows, width, classes
    rows    number of training rows, which limits a batch on a CPU
    """
    too_large = device.type == "cpu" and rows > MOST_ROWS_ON_CPU
    if too_large or rfm.stop_change is not None or rfm.solver not in BATCHED_SOLVERS:
        return None
    alike = replace(rfm, ridge=0, checkpoint_seconds=0, batch=1)
    return alike, kernel_key(kernel), shape


def batched_steps(members: Sequence[Member]) -> Iterator[Mapping[int, Step | Exception]]:
    """Run members of equal `batch_key`; yields the outcome of every member per iteration.

    A member is dropped after its last Step or its error. The seconds of a Step are those of the
    iteration of the whole batch, divided by the number of its members.
    """
    states = {index: member.rfm.state(member.start) for index, member in enumerate(members)}
    batch: _Batch | None = None
    one_by_one = False
    while states:
        started = time.perf_counter()
        done: Mapping[int, Step | Exception] | None = None
        try:
            if not one_by_one and (batch is None or batch.members.keys() != states.keys()):
                batch = None  # free its memory before the next batch allocates
                batch = _Batch({index: members[index] for index in states})
            if batch is not None:
                done = batch.iterate(states)
        except NumericsError:
            pass
        except Exception as error:  # out of memory, or a user's kernel that takes no batch
            log.warning("%d runs continue one by one, not in a batch: %s", len(states), error)
            batch, one_by_one = None, True
        if done is None:
            done = {index: _alone(members[index], state) for index, state in states.items()}
        share = (time.perf_counter() - started) / len(states)
        yield {index: _with_seconds(share, outcome) for index, outcome in done.items()}
        states = {
            index: outcome.state
            for index, outcome in done.items()
            if isinstance(outcome, Step) and not outcome.last
        }


class _Batch:
    """Stacked members: each of their tensors has an additional first dimension."""

    def __init__(self, members: Mapping[int, Member]) -> None:
        self.members = members
        first, every = next(iter(members.values())), list(members.values())
        self._rfm = first.rfm
        M = _matrix(first.start)
        self._problem = Problem.of(
            batched([member.kernel for member in every]),
            stacked([member.train for member in every]),
            stacked([member.test for member in every]),
            first.classes,
            M.new_tensor([[member.rfm.ridge] for member in every]),
            BATCHED_SOLVERS[first.rfm.solver],
            M,
            first.rfm.block_memory(M.device),
        )

    def iterate(self, states: Mapping[int, State]) -> dict[int, Step | Exception]:
        """Compute one iteration of every member.

        Raises
        ------
        NumericsError   if it fails for any member
        """
        M = torch.stack([state.M for state in states.values()])
        fit = self._rfm.fit(self._problem, M)
        largest = M.new_tensor([state.largest for state in states.values()])
        if not (fit.next_M.norm(dim=(-2, -1)) <= largest).all():
            raise NumericsError("a feature matrix of the batch exploded")
        return {
            index: self._rfm.step(state, fit.of_run(b), seconds=0)
            for b, (index, state) in enumerate(states.items())
        }


def _alone(member: Member, state: State) -> Step | Exception:
    try:
        return next(
            member.rfm.steps(member.kernel, member.train, member.test, member.classes, state)
        )
    except Exception as error:
        return error


def _with_seconds(seconds: float, outcome: Step | Exception) -> Step | Exception:
    return replace(outcome, seconds=seconds) if isinstance(outcome, Step) else outcome


def _matrix(start: Tensor | State) -> Tensor:
    return start.M if isinstance(start, State) else start
