"""The command `grokrfm`: the only @hydra.main."""

from __future__ import annotations

import logging
import os
import sys
from functools import cache

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from grokrfm.checks import GrokrfmError, StoreError
from grokrfm.config import Plan, conf_folder, plan
from grokrfm.runs.run import execute
from grokrfm.runs.store import Store
from grokrfm.terminal import Terminal, label

FULL_ERROR = "HYDRA_FULL_ERROR"


class Session:
    """The runs of one invocation: each is run, skipped or reported, and the next one goes on."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.outcomes: list[str] = []
        self.problems: list[tuple[str, str]] = []
        self.is_sweep = False
        self.store = cache(Store)

    def run(self, config: DictConfig) -> float | None:
        """One composed config; returns its final test accuracy for sweepers that want one."""
        hydra_config = HydraConfig.get()
        self.is_sweep = hydra_config.mode == RunMode.MULTIRUN
        try:
            planned = plan(config)
            return self._run(planned)
        except StoreError:
            raise  # the next run could not be written either
        except GrokrfmError as error:
            self.outcomes.append("refused")
            self.problems.append((" ".join(hydra_config.overrides.task), str(error)))
            return None

    def _run(self, planned: Plan) -> float | None:
        store = self.store(planned.study)
        record = None if planned.rerun else store.finished(planned.spec)
        if record:
            self.terminal.skipped(record, planned)
            self.outcomes.append("already finished")
        else:
            with self.terminal.watching(planned) as progress:
                record = execute(
                    planned.spec,
                    planned.experiment,
                    store,
                    planned.hardware,
                    planned.settings,
                    progress,
                )
            self.terminal.summary(record, planned)
            self.outcomes.append(record.status)
            if record.error:
                self.problems.append((label(planned), record.error["message"]))
        return record.metrics.get("test_accuracy")

    def close(self) -> int:
        """Say how it went; returns the exit code."""
        if self.is_sweep:
            self.terminal.totals(self.outcomes, self.problems)
        else:
            for _, problem in self.problems:
                if "refused" in self.outcomes:
                    self.terminal.problem(problem)
        return 1 if self.problems else 0


def main() -> None:
    """Entry point: a user's mistake ends in its message and exit code 1, without a traceback."""
    logging.basicConfig(format="%(levelname)s: %(message)s")
    terminal = Terminal()
    session = Session(terminal)
    wants_traceback = FULL_ERROR in os.environ
    os.environ[FULL_ERROR] = "1"  # errors come here as they are, instead of printed by Hydra
    try:
        hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="config")(
            session.run
        )()
    except (GrokrfmError, HydraException, OmegaConfBaseException, OSError) as error:
        if wants_traceback:
            raise
        terminal.problem(_message(error))
        sys.exit(1)
    except KeyboardInterrupt:
        terminal.problem("interrupted; what has finished is kept, the same command does the rest")
        sys.exit(130)
    sys.exit(session.close())


def _message(error: Exception) -> str:
    """An error in a user's words; Hydra's own advice on unknown keys would not work here."""
    if isinstance(error, OSError):
        return f"{error.filename or 'outputs'}: {error.strerror or error}"
    cause = error.__cause__
    unknown_key = isinstance(cause, OmegaConfBaseException)
    return str(error).split("To append to your config")[0].strip() if unknown_key else str(error)
