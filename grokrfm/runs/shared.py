"""Arrays that many runs of a study share: made once, kept in files of their own."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grokrfm.checks import StoreError
from grokrfm.runs import arrays
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.hardware import Hardware, available_cores
from grokrfm.runs.provenance import provenance
from grokrfm.runs.settings import Settings
from grokrfm.runs.spec import Spec

log = logging.getLogger(__name__)

ABOUT = "about"
"""Name in the file of the JSON text with the settings and the provenance of the arrays."""


@dataclass(frozen=True, eq=False)
class Shared:
    """Files of arrays named by the digest of the settings that they depend on.

    The run that needs them first makes them. Processes that need them at the same time all make
    them, and one of the equal files stays. A file that cannot be read is made again.

    Parameters
    ----------
    study : Path
    science : nested plain values   of the run that needs them
    hardware : Hardware
    """

    study: Path
    science: Settings
    hardware: Hardware

    def path(self, folder: str, settings: Sequence[str]) -> Path:
        """Return the file below a folder of the study for arrays that depend on those settings."""
        return self.study / folder / f"{self._spec(settings).digest}.npz"

    def get(
        self, folder: str, settings: Sequence[str], make: Callable[[], Mapping[str, np.ndarray]]
    ) -> Mapping[str, np.ndarray]:
        """Return the arrays kept, bit for bit as `make` returned them, or make and keep them.

        Raises
        ------
        StoreError   if the file cannot be written; an error of `make` is raised as it is
        """
        path = self.path(folder, settings)
        try:
            kept = arrays.read(path)
        except StoreError as error:
            log.warning("%s; it is made again", error)
            kept = {}
        if not kept:
            kept = dict(make())
            threads = self.hardware.threads or available_cores()
            about = {
                "settings": self._spec(settings).science,
                "provenance": provenance(self.hardware.describe(), threads),
            }
            text = np.array(json.dumps(about))
            arrays.write(path, {**kept, ABOUT: text}, sole_writer=False)
        return {name: array for name, array in kept.items() if name != ABOUT}

    def _spec(self, settings: Sequence[str]) -> Spec:
        return Spec({key: self.science[key] for key in settings}, {}, FeatureSelection("none"))
