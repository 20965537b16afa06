"""What a start is: the feature matrix that a run begins with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grokrfm.algebra import Symmetry
from grokrfm.checks import SettingError
from grokrfm.kernels import Kernel
from grokrfm.rfm.engine import RFM
from grokrfm.tasks import Task


class Start(ABC):
    """A rule that gives the starting matrix of a run.

    `is_learned` says that the matrix costs a run of its own and depends on nothing but the task,
    the kernel, the RFM and the start, so that the runs of a study may share it.
    """

    is_learned: ClassVar[bool] = False

    @abstractmethod
    def check(self, task: Task, rng: np.random.Generator) -> None:
        """Raise SettingError if this start does not suit the task; learns nothing."""

    @abstractmethod
    def matrix(
        self,
        task: Task,
        kernel: Kernel,
        rfm: RFM,
        device: torch.device,
        rng: np.random.Generator,
    ) -> Tensor:
        """M₀, (d, d), symmetric, in the dtype of `rfm`; `rng` is in the state it has in `check`."""


class GivenStart(Start):
    """A start whose matrix is written down, drawn or read, and not learned."""

    @abstractmethod
    def values(self, task: Task, rng: np.random.Generator) -> NDArray[np.float64]:
        """M₀, (d, d), symmetric positive semi-definite.

        Raises
        ------
        SettingError   if there is none for this task
        """

    def check(self, task: Task, rng: np.random.Generator) -> None:
        self.values(task, rng)

    def matrix(
        self,
        task: Task,
        kernel: Kernel,
        rfm: RFM,
        device: torch.device,
        rng: np.random.Generator,
    ) -> Tensor:
        return torch.as_tensor(self.values(task, rng), dtype=rfm.torch_dtype, device=device)


@runtime_checkable
class EncodesReflection(Protocol):
    """A start that puts the reflection sr^element into M₀."""

    element: Any


def reflection(task: Task, element: Any, setting: str = "element") -> Symmetry:
    """sr^element of a task, the element in the group's own notation.

    Raises
    ------
    SettingError   naming `setting`, if there is no such element or no reflection of this task
    """
    try:
        return task.reflection(task.group.index(element))
    except ValueError as error:  # a SettingError is one too
        problem = error.problem if isinstance(error, SettingError) else str(error)
        raise SettingError(setting, problem) from error
