"""Invocation: one call of the command `grokrfm`, with its runs and their outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from grokrfm.checks import GrokrfmError, boolean, described
from grokrfm.config import build_hardware, build_run, plain, study_folder
from grokrfm.launch.backend import Backend
from grokrfm.launch.driver import SweepDriver
from grokrfm.launch.jobs import active_runs
from grokrfm.launch.live import LiveTable
from grokrfm.launch.planning import plan_sweeps
from grokrfm.launch.summary import dry_run, summary
from grokrfm.runs import checkpoint
from grokrfm.runs.lock import launch_lock
from grokrfm.runs.record import Number, Record
from grokrfm.runs.run import finish, start
from grokrfm.runs.settings import Settings
from grokrfm.runs.store import Store
from grokrfm.runs.study_status import StudyStatus
from grokrfm.terminal import Terminal, label


class RunError(GrokrfmError):
    """Failure of a run; the message is that of its record."""


def run(config: DictConfig) -> Number:
    """Run one composed config: the task function that Hydra receives.

    Any launcher can pass it to another process, since it is found by its name.
    """
    return invocation().run(config)


@cache
def invocation() -> Invocation:
    """Return the invocation of this process."""
    return Invocation(Terminal())


class Invocation:
    """The runs of one command, each computed, skipped or refused.

    Attributes
    ----------
    started : bool   True once a run was composed
    alone : bool     True if there is one run, without a sweep
    """

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.outcomes: list[str] = []
        self.problems: list[tuple[str, str]] = []
        self.started = self.alone = self.failed = False
        self.store = cache(Store)

    def run(self, config: DictConfig) -> Number:
        """Run one composed config; returns its objective, for sweepers that optimise.

        Raises
        ------
        RunError       if the run fails
        GrokrfmError   if it is refused
        """
        self.started, self.alone = True, HydraConfig.get().mode == RunMode.RUN
        given = OmegaConf.to_container(HydraConfig.get().overrides.task, resolve=False)
        assert isinstance(given, list)
        overrides = [str(one) for one in given]
        try:
            settings = plain(config)
            backend = build_hardware(settings)
            in_jobs = isinstance(backend, Backend) and not (
                backend.scheduler == "local" and backend.wait
            )
            if settings["dry_run"] or in_jobs:
                [driver], _ = self.sweep(lambda _: settings, [overrides])
                status, value = ended(driver, driver.sweep.plan.digests[0])
                if status is JobStatus.FAILED:
                    raise value
                return value
            return objective(self._run(settings))
        except RunError:
            raise
        except GrokrfmError as error:
            self.outcomes.append("refused")
            self.problems.append((" ".join(overrides), str(error)))
            raise

    def sweep(
        self,
        compose: Callable[[Sequence[str]], Settings],
        overrides: Sequence[Sequence[str]],
    ) -> tuple[list[SweepDriver], Sequence[tuple[int, int]]]:
        """Run a sweep, or its dry run.

        Returns
        -------
        The drivers, nearly always one, and for each list of overrides the number of its driver and
        that of its run.
        """
        with self.terminal.status(f"composing and checking {len(overrides)} runs"):
            sweeps, positions = plan_sweeps(compose, overrides)
        for sweep in sweeps:
            sweep.backend.check()
        drivers = []
        for sweep in sweeps:
            driver = SweepDriver(sweep)  # only now: an earlier sweep may have finished its runs
            drivers.append(driver)
            if driver.sweep.dry_run:
                dry_run(driver, self.terminal)
                continue
            with LiveTable(self.terminal) as table:
                driver.run(table.update)
            self.failed |= not summary(driver, self.terminal)
            if driver.stopping:
                raise KeyboardInterrupt
        return drivers, positions

    def _run(self, settings: Settings) -> Record:
        rerun = boolean("rerun", settings["rerun"])
        hardware, study = build_hardware(settings), study_folder(settings)
        run = build_run(settings)
        hardware.check_device()
        store = self.store(study)
        if rerun:
            checkpoint.remove(study, run.spec)
        record = None if rerun else store.finished(run.spec)
        if record:
            self.terminal.skipped(record, run)
            self.outcomes.append("already finished")
            return record
        with launch_lock(study):
            claimed = active_runs(StudyStatus(store)).get(run.spec.digest)
            if claimed:
                raise GrokrfmError(
                    f"this run is already being computed by {claimed}; `grokrfm-status {study}"
                    " --follow` follows it, and --cancel ends a sweep"
                )
            attempts = start([run], store, hardware)
        with self.terminal.watching(run) as progress:
            [record] = finish(attempts, store, hardware, progress)
        self.terminal.summary(record, run, study)
        self.outcomes.append(record.status)
        if record.error:
            self.problems.append((label(run), record.error["message"]))
            raise RunError(record.error["message"])
        return record

    def add(self, returns: Sequence[JobReturn]) -> None:
        """Add the outcomes of a sweep that another launcher has run, here or in other processes."""
        known = {problem for _, problem in self.problems}
        outcomes = []
        for job in returns:
            error = job._return_value
            if job.status is JobStatus.COMPLETED:
                outcomes.append("finished")
                continue
            refused = isinstance(error, GrokrfmError) and not isinstance(error, RunError)
            outcomes.append("refused" if refused else "failed")
            if described(error) not in known:
                self.problems.append((" ".join(job.overrides or ()), described(error)))
        self.outcomes = self.outcomes or outcomes

    def close(self) -> int:
        """Print the outcomes of a sweep by another launcher, and return the exit code."""
        if self.outcomes and not self.alone:
            self.terminal.totals(self.outcomes, self.problems)
        return 1 if self.problems or self.failed else 0


def objective(record: Record) -> Number:
    """Return the number that optimising sweepers get."""
    return record.metrics.get(record.names.objective) if record.names.objective else None


def ended(driver: SweepDriver, digest: str) -> tuple[JobStatus, Any]:
    """Return the status of a run after its sweep, and its objective or its error."""
    record = driver.outcomes.get(digest)
    if record and record.error:
        return JobStatus.FAILED, RunError(record.error["message"])
    record = record or driver.status.best.get(digest)
    if record is None or record.status != "finished":
        return JobStatus.UNKNOWN, None
    return JobStatus.COMPLETED, objective(record)
