"""Trackers of this process, each opened once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from grokrfm.config import build_tracker
from grokrfm.runs.observer import Harmless, Observer, replay
from grokrfm.runs.record import Record
from grokrfm.runs.settings import Settings

_opened: dict[str, Observer] = {}


def opened_tracker(settings: Settings, study: Path, warn: Callable[[str], None]) -> Observer:
    """Return the tracker that settings choose, open for the runs of a study.

    Opening one takes up to ten seconds. The first error, then or later, is shown by `warn`.

    Raises
    ------
    SettingError   if it cannot be built
    """
    tracker = settings["tracker"]
    key = json.dumps([str(study), tracker])
    if key not in _opened:
        _opened[key] = Harmless(build_tracker(settings), warn, str(tracker["name"]))
        _opened[key].open(study)
    return _opened[key]


def track_deaths(
    outcomes: Iterable[Record], settings: Settings, study: Path, warn: Callable[[str], None]
) -> None:
    """Give the tracker of a sweep the ends of runs whose process died, which could not do so."""
    died = [record for record in outcomes if record.status == "crashed"]
    if died:
        tracker = opened_tracker(settings, study, warn)
        for record in died:
            if not tracker.holds(record):
                replay(record, tracker)
