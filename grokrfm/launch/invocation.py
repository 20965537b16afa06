"""One invocation of `grokrfm`: what it runs, what it skips, and how that is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import cast

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from grokrfm.checks import GrokrfmError, boolean
from grokrfm.config import Plan, Settings, plain, plan_of_settings
from grokrfm.launch.driver import SweepDriver
from grokrfm.launch.jobs import active_runs
from grokrfm.launch.place import Place
from grokrfm.launch.planning import planned as planned_sweeps
from grokrfm.launch.view import LiveTable, dry_run, summary
from grokrfm.runs import checkpoint
from grokrfm.runs.learner import Run
from grokrfm.runs.run import execute
from grokrfm.runs.store import Store
from grokrfm.terminal import Terminal, label


class Invocation:
    """The runs of one invocation: each is run, skipped or reported, and the next one goes on.

    Its method `run` is the task function that Hydra is given; the launcher, which meets it again,
    hands it what a sweep has come to.
    """

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.outcomes: list[str] = []
        self.problems: list[tuple[str, str]] = []
        self.started = False
        self.failed = False
        self.store = cache(Store)

    def run(self, config: DictConfig) -> float | None:
        """One composed config; returns its final test accuracy for sweepers that want one."""
        self.started = True
        given = OmegaConf.to_container(HydraConfig.get().overrides.task, resolve=False)
        assert isinstance(given, list)
        overrides = [str(one) for one in given]
        try:
            settings = plain(config)
            planned = plan_of_settings(settings)
            place = cast(Place, planned.hardware)
            if settings["dry_run"] or place.scheduler != "local" or not place.wait:
                self.sweep(lambda _: settings, [overrides])
                return None
            return self._run(planned)
        except GrokrfmError as error:
            self.outcomes.append("refused")
            self.problems.append((" ".join(overrides), str(error)))
            return None

    def sweep(
        self,
        compose: Callable[[Sequence[str]], Settings],
        overrides: Sequence[Sequence[str]],
    ) -> tuple[list[SweepDriver], Sequence[tuple[int, int]]]:
        """The runs that lists of overrides describe, at their places; or a dry run.

        Returns
        -------
        The sweeps, nearly always one, and for every list of overrides the number of its sweep
        and that of its run.
        """
        with self.terminal.status(f"composing and checking {len(overrides)} runs"):
            sweeps, positions = planned_sweeps(compose, overrides)
        drivers = [SweepDriver(sweep, cast(Place, sweep.hardware)) for sweep in sweeps]
        for driver in drivers:
            driver.place.check()
        for driver in drivers:
            if boolean("dry_run", driver.sweep.common["dry_run"]):
                dry_run(driver, self.terminal)
                continue
            with LiveTable(self.terminal) as table:
                driver.run(table)
            self.failed |= not summary(driver, self.terminal)
            if driver.stopping:
                raise KeyboardInterrupt
        return drivers, positions

    def _run(self, planned: Plan) -> float | None:
        planned.hardware.check_device()
        store = self.store(planned.study)
        if planned.rerun:
            checkpoint.remove(planned.study, planned.spec)
        record = None if planned.rerun else store.finished(planned.spec)
        if record:
            self.terminal.skipped(record, planned)
            self.outcomes.append("already finished")
        else:
            self._check_that_nobody_runs(planned)
            with self.terminal.watching(planned) as progress:
                run = Run(planned.spec, planned.experiment, planned.settings)
                record = execute(run, store, planned.hardware, progress)
            self.terminal.summary(record, planned)
            self.outcomes.append(record.status)
            if record.error:
                self.problems.append((label(planned), record.error["message"]))
        return record.metrics.get("test_accuracy")

    def _check_that_nobody_runs(self, planned: Plan) -> None:
        who = active_runs(planned.study, self.store(planned.study)).get(planned.spec.digest)
        if who:
            raise GrokrfmError(
                f"this run is in the hands of {who} already; `grokrfm-status {planned.study}"
                " --follow` shows how it goes, and --cancel ends a sweep"
            )

    def close(self) -> int:
        """Say how it went; returns the exit code."""
        if len(self.outcomes) > 1:  # Hydra's basic launcher has run a sweep in this process
            self.terminal.totals(self.outcomes, self.problems)
        else:
            for _, problem in self.problems if "refused" in self.outcomes else ():
                self.terminal.problem(problem)
        return 1 if self.problems or self.failed else 0
