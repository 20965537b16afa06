"""Weights & Biases: a project per study."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from grokrfm.checks import choice
from grokrfm.runs.record import Record
from grokrfm.trackers.tracker import TrackedRun, Tracker
from grokrfm.trackers.values import ITERATION, document, final, identity, picture, title

MODES = ("online", "offline")

SECONDS = 20
"""The longest wait for the server at the start of a run; its own is 90."""


class WandB(Tracker):
    """Runs with numbers, matrices as images, the settings as config, the record as summary.

    Parameters
    ----------
    project : str or None   None: the name of the study
    entity : str or None    user or team; None: the default of the account
    mode : str or None      offline: files below wandb/ in the study, which `wandb sync` uploads;
                            None: WANDB_MODE, or online
    """

    PACKAGE: ClassVar[str] = "wandb"

    def __init__(self, project: str | None, entity: str | None, mode: str | None) -> None:
        super().__init__()
        self._project, self._entity = project, entity
        if mode is not None:
            choice("mode", mode, MODES)
        self._mode: Any = mode or os.environ.get("WANDB_MODE", "online")

    def open(self, study: Path) -> None:
        import wandb

        self._study, self._project = study, self._project or study.name
        self.place = f"{study / 'wandb'}" if self._mode == "offline" else f"project {self._project}"
        wandb.setup(settings=wandb.Settings(mode=self._mode, silent=True))

    def begin(self, record: Record) -> TrackedRun:
        import wandb

        for folder in self._offline_folders(record):
            shutil.rmtree(folder)  # `last` is -1: it is written again from its start
        run = wandb.init(
            entity=self._entity,
            project=self._project,
            id=identity(record),
            name=title(record),
            dir=self._study,
            mode=self._mode,
            resume="allow" if record.resumed_at else None,
            reinit="create_new",  # the runs of a batch are open at once
            config=document(record)["config"],
            settings=wandb.Settings(
                silent=True, console="off", init_timeout=SECONDS, disable_git=True
            ),
        )
        return _Run(run)

    def holds(self, record: Record) -> bool:
        return record.status in ("crashed", "lost")  # W&B finds out by itself; others it replaces

    def _offline_folders(self, record: Record) -> list[Path]:
        """Return the folders that hold a run which was not uploaded."""
        return list(self._study.glob(f"wandb/offline-run-*-{identity(record)}"))


class _Run(TrackedRun):
    """Run of W&B; the iteration is a number of its own, the axis of all others."""

    def __init__(self, run: Any) -> None:
        self._run = run
        self.last = int(run.summary.get(ITERATION, -1))
        run.define_metric(ITERATION, hidden=True)
        run.define_metric("*", step_metric=ITERATION)

    def log(self, iteration: int, numbers: Mapping[str, float]) -> None:
        self._run.log({ITERATION: iteration, **numbers})

    def log_matrix(self, k: int, matrix: np.ndarray) -> None:
        import wandb

        self._run.log({ITERATION: k, "M": wandb.Image(picture(matrix))})

    def end(self, record: Record) -> None:
        about = {"status": record.status, "device": record.provenance.get("device")}
        if record.error:
            about["error"] = record.error["message"]
        self._run.summary.update({**about, **final(record)})
        self._run.finish(exit_code=0 if record.status in ("finished", "interrupted") else 1)
