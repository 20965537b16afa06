"""Start interface: the feature matrix that a run begins with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grokrfm.algebra import Symmetry
from grokrfm.checks import SettingError
from grokrfm.rfm.engine import RFM
from grokrfm.tasks import Task


class Start(ABC):
    """Rule for the starting matrix of a run.

    `is_learned` states that the matrix costs a run of its own and depends only on the task, the
    RFM and the start, so that the runs of a study may share it; `is_random`, that it may depend on
    the seed.
    """

    is_learned: ClassVar[bool] = False
    is_random: ClassVar[bool] = True

    def fitted_by(self, rfm: RFM) -> RFM:
        """Return the RFM of the run that begins here; a start may ask for a ridge."""
        return rfm

    @abstractmethod
    def check(self, task: Task, rng: np.random.Generator) -> None:
        """Raise SettingError if this start does not apply to the task; learns nothing."""

    @abstractmethod
    def matrix(
        self, task: Task, rfm: RFM, device: torch.device, rng: np.random.Generator
    ) -> Tensor:
        """M₀, (d, d), symmetric, in the dtype of `rfm`; `rng` is in the state it has in `check`."""


class GivenStart(Start):
    """Start whose matrix is computed, drawn or read, but not learned."""

    @abstractmethod
    def values(self, task: Task, rng: np.random.Generator) -> NDArray[np.float64]:
        """M₀, (d, d), symmetric positive semi-definite.

        Raises
        ------
        SettingError   if there is no such matrix for this task
        """

    def check(self, task: Task, rng: np.random.Generator) -> None:
        self.values(task, rng)

    def matrix(
        self, task: Task, rfm: RFM, device: torch.device, rng: np.random.Generator
    ) -> Tensor:
        return torch.as_tensor(self.values(task, rng), dtype=rfm.torch_dtype, device=device)


@runtime_checkable
class EncodesReflection(Protocol):
    """Start that encodes the reflection sr^element in M₀."""

    element: Any


def reflection(task: Task, element: Any, setting: str = "element") -> Symmetry:
    """Reflection sr^element of a task, with the element in the group's own notation.

    Raises
    ------
    SettingError   naming `setting`, if the group has no such element or the task no such reflection
    """
    try:
        return task.reflection(task.group.index(element))
    except ValueError as error:  # includes SettingError
        problem = error.problem if isinstance(error, SettingError) else str(error)
        raise SettingError(setting, problem) from error
