"""Invocation: one call of the command `grokrfm`, with its runs and their outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from grokrfm.checks import GrokrfmError, boolean
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


class Invocation:
    """The runs of one command, each computed, skipped or refused.

    Its method `run` is the task function that Hydra receives; the launcher calls `sweep` instead.
    """

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.outcomes: list[str] = []
        self.problems: list[tuple[str, str]] = []
        self.started = False
        self.failed = False
        self.store = cache(Store)

    def run(self, config: DictConfig) -> Number:
        """Run one composed config; returns its objective, for sweepers that optimise."""
        self.started = True
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
                self.sweep(lambda _: settings, [overrides])
                return None
            return objective(self._run(settings))
        except GrokrfmError as error:
            self.outcomes.append("refused")
            self.problems.append((" ".join(overrides), str(error)))
            return None

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
        return record

    def close(self) -> int:
        """Print the outcomes of the runs and return the exit code."""
        if len(self.outcomes) > 1:  # Hydra's basic launcher has run a sweep in this process
            self.terminal.totals(self.outcomes, self.problems)
        else:
            for _, problem in self.problems if "refused" in self.outcomes else ():
                self.terminal.problem(problem)
        return 1 if self.problems or self.failed else 0


def objective(record: Record) -> Number:
    """Return the number that optimising sweepers get."""
    return record.metrics.get(record.names.objective) if record.names.objective else None
