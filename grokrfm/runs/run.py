"""Execution of runs, alone or as one batch, from their Specs to their Records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from grokrfm.checks import StoreError
from grokrfm.runs.attempt import Attempt
from grokrfm.runs.hardware import Hardware
from grokrfm.runs.learner import Observation, Run
from grokrfm.runs.log import part_of_this_run
from grokrfm.runs.observer import Observer
from grokrfm.runs.provenance import provenance
from grokrfm.runs.record import Record
from grokrfm.runs.shared import Shared
from grokrfm.runs.store import Store

if TYPE_CHECKING:  # a command that builds no learner must not wait for torch
    import torch


def execute(run: Run, store: Store, hardware: Hardware, observer: Observer) -> Record:
    """`execute_batch` for one run."""
    [record] = execute_batch([run], store, hardware, observer)
    return record


def execute_batch(
    runs: Sequence[Run],
    store: Store,
    hardware: Hardware,
    observer: Observer,
    interruption: type[BaseException] = KeyboardInterrupt,
) -> list[Record]:
    """Run the learners of one batch, each from its checkpoint if it has one; write their records.

    Several learners must have one `batch_key`; the caller bounds their number. Every run has lines,
    numbers and files of its own, as if it had been alone; its seconds are its share.

    Parameters
    ----------
    interruption   stops the runs, to be continued by later attempts; any other exception fails them

    Raises
    ------
    StoreError   if the store cannot be written; any error of a run itself is in its Record
    """
    return finish(start(runs, store, hardware), store, hardware, observer, interruption)


def start(runs: Sequence[Run], store: Store, hardware: Hardware) -> list[Attempt]:
    """Write that the runs of one batch start; from now on they count as running."""
    threads = hardware.apply()
    log, log_start = part_of_this_run(store.study)
    origin = {**provenance(hardware.describe(), threads), "log": log, "batch": len(runs)}
    for run in runs:
        run.learner.share(Shared(store.study, run.spec.science, hardware))
    return [Attempt(run, store, origin, log_start) for run in runs]


def finish(
    attempts: Sequence[Attempt],
    store: Store,
    hardware: Hardware,
    observer: Observer,
    interruption: type[BaseException] = KeyboardInterrupt,
) -> list[Record]:
    """Run the learners of attempts that `start` has returned; write and return their records."""
    with store.heartbeat():
        try:
            _run(attempts, hardware, observer, interruption)
        finally:
            for attempt in attempts:
                if attempt.ended:  # else the store cannot be written
                    observer.ended(attempt.record)
    return [attempt.record for attempt in attempts]


def _run(
    attempts: Sequence[Attempt],
    hardware: Hardware,
    observer: Observer,
    interruption: type[BaseException],
) -> None:
    try:
        for attempt in attempts:
            observer.started(attempt.record)
        for index, outcome in _outcomes(attempts, hardware.torch_device):
            if isinstance(outcome, Exception):
                attempts[index].fail(outcome)
            else:
                attempts[index].add(outcome)
                observer.observed(attempts[index].record, outcome)
        for attempt in _unended(attempts):
            attempt.finish()
    except StoreError:
        raise
    except interruption:
        for attempt in _unended(attempts):
            attempt.interrupt()
        raise
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        for attempt in _unended(attempts):
            attempt.fail(error)


def _outcomes(
    attempts: Sequence[Attempt], device: torch.device
) -> Iterator[tuple[int, Observation | Exception]]:
    learners = [attempt.run.learner for attempt in attempts]
    keeps = [attempt.run.spec.features for attempt in attempts]
    resumes = [attempt.state for attempt in attempts]
    if len(learners) > 1:
        yield from learners[0].observe_batched(learners, device, keeps, resumes)
    else:
        for observation in learners[0].observe(device, keeps[0], resumes[0]):
            yield 0, observation


def _unended(attempts: Sequence[Attempt]) -> list[Attempt]:
    return [attempt for attempt in attempts if not attempt.ended]
