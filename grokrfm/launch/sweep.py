"""Sweep: runs that were built and checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from grokrfm.launch.backend import Backend
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.learner import Learner
from grokrfm.runs.plan import Plan
from grokrfm.runs.record import Record
from grokrfm.runs.study_status import StudyStatus
from grokrfm.runs.sweep_folder import SweepFolder

RETRIES: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "failed": ("failed",),
    "crashed": ("crashed",),
    "all": ("failed", "crashed"),
}
"""Setting `retry` → statuses of runs that are tried once more in the same launch."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """Runs of one study on one backend.

    Parameters
    ----------
    status : StudyStatus   of the study
    folder : SweepFolder   by its absolute path; made when the first run is submitted
    plan : Plan            the runs
    overrides              of each run of the plan
    repeated : int         further lists of overrides that compute the same as one of these
    backend : Backend
    learner : Learner      the first run's
    sources                class from outside the package → SHA-256 of its source, of all runs
    rerun, retry, dry_run  settings of the sweep, see conf/base.yaml
    """

    status: StudyStatus
    folder: SweepFolder
    plan: Plan
    overrides: Sequence[Sequence[str]]
    repeated: int
    backend: Backend
    learner: Learner
    sources: Mapping[str, str]
    rerun: bool
    retry: str
    dry_run: bool

    @property
    def study(self) -> Path:
        """Folder of the study, as the settings name it."""
        return self.status.store.study

    @cached_property
    def _common(self) -> set[str]:
        """Overrides that all runs share."""
        return set.intersection(*map(set, self.overrides))

    def label(self, i: int) -> str:
        """Return the overrides of run i that not all runs share; of a single run, all."""
        own = [text for text in self.overrides[i] if text not in self._common]
        return " ".join(own or self.overrides[i])

    def satisfied_by(self, record: Record | None, i: int) -> bool:
        """True if a record is a finished one of run i with everything asked for."""
        settings = self.plan.settings[i]
        save, probes = settings["save"], settings.get("probe", {})
        return record is not None and record.holds(
            probes, FeatureSelection(save["features"]), save["predictions"], self.sources
        )

    def changed(self, best: Mapping[str, Record]) -> Counter[str]:
        """Return the classes whose sources have changed since runs finished, with their number."""
        records = [best[digest] for digest in self.plan.digests if digest in best]
        finished = [one for one in records if one.status == "finished" and not self.rerun]
        return Counter(name for one in finished for name in one.changed(self.sources))

    def finished(self, best: Mapping[str, Record]) -> set[int]:
        """Return the runs that need not be computed, given the best record of each digest."""
        if self.rerun:
            return set()
        digests = enumerate(self.plan.digests)
        return {i for i, digest in digests if self.satisfied_by(best.get(digest), i)}
