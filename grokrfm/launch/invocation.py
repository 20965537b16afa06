"""Invocation: one call of the command `grokrfm`, with its runs and their outcomes."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from grokrfm.checks import GrokrfmError, SettingError, boolean, described
from grokrfm.config import build_hardware, build_run, plain, similar_studies, study_folder
from grokrfm.launch.backend import Backend
from grokrfm.launch.driver import SweepDriver
from grokrfm.launch.jobs import active_runs
from grokrfm.launch.live import LiveTable
from grokrfm.launch.outcome import RunError, ended, objective
from grokrfm.launch.planning import plan_sweeps
from grokrfm.launch.summary import dry_run, summary
from grokrfm.launch.tracking import opened_tracker, track_deaths
from grokrfm.runs import checkpoint
from grokrfm.runs.lock import launch_lock
from grokrfm.runs.observer import Observers
from grokrfm.runs.record import Names, Number, Record
from grokrfm.runs.run import finish, start
from grokrfm.runs.settings import Settings
from grokrfm.runs.store import Store
from grokrfm.runs.study_status import StudyStatus
from grokrfm.terminal import Terminal, label


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
    found : bool     True if the sweep is a search that has ended with a result
    precheck         checks the tables and figures that planned runs name
    studies          folders to which runs were written
    """

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.outcomes: list[str] = []
        self.problems: list[tuple[str, str]] = []
        self.studies: list[Path] = []
        self.started = self.alone = self.failed = self.found = False
        self.store = cache(Store)
        self.precheck: Callable[[Sequence[Settings], Names], None] = lambda runs, names: None

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
            return objective(self.compute(settings))
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
        watch: Callable[[SweepDriver], None] = lambda driver: None,
        trials: bool = False,
    ) -> tuple[list[SweepDriver], list[tuple[int, int]]]:
        """Run a sweep, or its dry run.

        Parameters
        ----------
        watch    called several times a second, and at the end
        trials   True if a search waits for the results of these runs; nothing is printed then

        Returns
        -------
        The drivers, nearly always one, and for each list of overrides the number of its driver and
        that of its run.
        """
        with self.terminal.status(f"composing and checking {len(overrides)} runs"):
            sweeps, positions = plan_sweeps(compose, overrides)
        for sweep in sweeps:
            sweep.backend.check()
            self.precheck(sweep.plan.settings, sweep.plan.names)
            if trials and (sweep.dry_run or not sweep.backend.wait):
                name = "dry_run" if sweep.dry_run else "hardware.wait"
                raise SettingError(
                    name, f"must be {not sweep.dry_run}".lower() + ": this sweeper needs results"
                )
        drivers = []
        for sweep in sweeps:
            self._note_new(sweep.study)
            began = time.monotonic()
            driver = SweepDriver(sweep)  # only now: an earlier sweep may have finished its runs
            drivers.append(driver)
            self._note_changes(sweep.changed(sweep.status.best))
            if driver.sweep.dry_run:
                dry_run(driver, self.terminal)
                continue
            with LiveTable(self.terminal) as table:
                driver.run(table.update, watch)
            watch(driver)
            first, outcomes = sweep.plan.settings[0], driver.outcomes.values()
            track_deaths(outcomes, first, sweep.study, self.terminal.problem)
            if not trials:
                self.failed |= not summary(driver, self.terminal, time.monotonic() - began)
            if driver.stopping:
                raise KeyboardInterrupt
        return drivers, positions

    def compute(self, settings: Settings) -> Record:
        """Compute one run in this process and return its record; raise its error if it fails."""
        rerun = boolean("rerun", settings["rerun"])
        hardware, study = build_hardware(settings), study_folder(settings)
        run = build_run(settings)
        hardware.check_device()
        self.precheck([settings], run.names)
        self._note_new(study)
        store = self.store(study)
        if rerun:
            checkpoint.remove(study, run.spec)
        elif record := store.best(run.spec.digest):
            if record.status == "finished":
                self._note_changes(Counter(record.changed(run.spec.sources)))
            if record.satisfies(run.spec):
                self.terminal.skipped(record, run)
                self.outcomes.append("already finished")
                return record
        tracker = opened_tracker(settings, study, self.terminal.problem)
        with launch_lock(study):
            claimed = active_runs(StudyStatus(store)).get(run.spec.digest)
            if claimed:
                raise GrokrfmError(
                    f"this run is already being computed by {claimed}; `grokrfm-status {study}"
                    " --follow` follows it, and --cancel ends a sweep"
                )
            attempts = start([run], store, hardware)
        with self.terminal.watching(run) as progress:
            [record] = finish(attempts, store, hardware, Observers(tracker, progress))
        self.terminal.summary(record, run, study)
        self.outcomes.append(record.status)
        if record.error:
            self.problems.append((label(run), record.error["message"]))
            raise RunError(record.error["message"])
        return record

    def _note_new(self, study: Path) -> None:
        """Note a study; say that it is new if its name may be a misspelt one."""
        self.studies.append(study)
        if similar := similar_studies(study, sys.argv[1:]):
            self.terminal.say(
                f"{study.name} is a new study without settings of its own; there is also"
                f" {', '.join(similar)}"
            )

    def _note_changes(self, changed: Mapping[str, int]) -> None:
        """Say that finished runs are computed again since classes have changed."""
        for name, count in changed.items():
            runs = "a run that has finished is" if count == 1 else f"{count} finished runs are"
            self.terminal.say(f"{runs} computed again: the source of {name} has changed since")

    def add(self, returns: Iterable[JobReturn]) -> None:
        """Add the outcomes of runs that this object has not run itself."""
        for job in returns:
            error = job._return_value
            if job.status is JobStatus.COMPLETED:
                self.outcomes.append("finished")
                continue
            if job.status is JobStatus.UNKNOWN:
                error = RunError("its job was lost before it ended")
            refused = isinstance(error, GrokrfmError) and not isinstance(error, RunError)
            self.outcomes.append("refused" if refused else "failed")
            self.problems.append((" ".join(job.overrides or ()), described(error)))

    def optimised(self, results: Mapping[str, Any], path: Path) -> None:
        """Print the results of a search, which its sweeper has written to a file."""
        self.found = True
        for name, value in results.items():
            words = name.replace("params", "parameters").replace("_", " ")
            if name != "name":  # of the sweeper
                self.terminal.say(f"{words}: {_as_overrides(value)}")
        self.terminal.say(f"written to {path}")

    @property
    def has_only_failures(self) -> bool:
        """True if none of some runs has ended well."""
        return bool(self.outcomes) and set(self.outcomes) <= {"failed", "refused"}

    def close(self) -> int:
        """Print the outcomes of a sweep by another launcher, and return the exit code.

        A search that has found something is no failure because some of its trials are.
        """
        if self.outcomes and not self.alone:
            self.terminal.totals(self.outcomes, self.problems)
        return 1 if (self.problems and not self.found) or self.failed else 0


def _as_overrides(value: Any) -> str:
    """Return a result in words; settings as overrides that can be given again."""
    is_settings = isinstance(value, dict)
    return " ".join(f"{k}={v}" for k, v in value.items()) if is_settings else str(value)
