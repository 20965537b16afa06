"""No tracker."""

from __future__ import annotations

from grokrfm.runs.observer import Observer


class Untracked(Observer):
    """Observer that does nothing."""

    def __init__(self) -> None:
        return
