"""A kernel that takes its time, so that something can happen to its runs."""

import os
import time
from dataclasses import dataclass

from tests.launch.saboteur import Saboteur


@dataclass(frozen=True)
class Slow(Saboteur):
    """The saboteur, after $PAUSE seconds; the settings of quick runs and slow ones are alike."""

    def profile(self, squared_distance):
        time.sleep(float(os.environ.get("PAUSE", "0")))
        return super().profile(squared_distance)
