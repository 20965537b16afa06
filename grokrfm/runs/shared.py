"""Arrays that many runs of a study need alike: made once, kept beside the runs."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grokrfm.checks import StoreError
from grokrfm.runs import arrays
from grokrfm.runs.hardware import Hardware, available_cores
from grokrfm.runs.provenance import provenance
from grokrfm.runs.spec import Spec

log = logging.getLogger(__name__)

ABOUT = "about"
"""Name in the file of the JSON text that says what made the arrays, and with what."""


@dataclass(frozen=True, eq=False)
class Shared:
    """A file of arrays named by the digest of the settings that they depend on.

    Whoever needs them first makes them; processes that need them at the same time make them each,
    and one file of equal content stays. A file that cannot be read is made again.

    Parameters
    ----------
    folder : Path   made when the first file is written
    spec : Spec     of these arrays, not of the run that needs them
    """

    folder: Path
    spec: Spec
    hardware: Hardware

    @property
    def path(self) -> Path:
        return self.folder / f"{self.spec.digest}.npz"

    def get(self, make: Callable[[], Mapping[str, np.ndarray]]) -> Mapping[str, np.ndarray]:
        """The arrays kept, bit for bit what `make` returned; or those it makes and this keeps.

        Raises
        ------
        StoreError   if the file cannot be written; whatever `make` raises, and nothing is kept then
        """
        try:
            kept = arrays.read(self.path)
        except StoreError as error:
            log.warning("%s; it is made again", error)
            kept = {}
        if not kept:
            kept = dict(make())
            threads = self.hardware.threads or available_cores()
            about = {
                "settings": self.spec.science,
                "provenance": provenance(self.hardware.describe(), threads),
            }
            text = np.array(json.dumps(about))
            arrays.write(self.path, {**kept, ABOUT: text}, sole_writer=False)
        return {name: array for name, array in kept.items() if name != ABOUT}
