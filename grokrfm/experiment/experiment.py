"""The Experiment: task, split, kernel, RFM, start and probes put together."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import torch

from grokrfm.checks import NumericsError, integer, setting_prefix
from grokrfm.experiment import text
from grokrfm.experiment.arrays import predictions, reflections
from grokrfm.experiment.cost import estimated_seconds, kernel_matrix_bytes
from grokrfm.experiment.measurement import BatchMeasurement, Measurement, fetched
from grokrfm.experiment.state import packed, unpacked
from grokrfm.experiment.symmetric import row_orbits
from grokrfm.kernels import Kernel
from grokrfm.probes import Probe
from grokrfm.rfm import RFM, Examples, Start, State, Step, SymmetricRFM
from grokrfm.rfm.batch import Member, batch_key, batched_steps
from grokrfm.rfm.examples import examples
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.learner import Arrays, Learner, Observation
from grokrfm.runs.record import Number
from grokrfm.runs.shared import Shared
from grokrfm.splits import Split, Splitter, audit
from grokrfm.tasks import Task

CPU = torch.device("cpu")

LEARNED_START = ("task", "rfm", "start")
"""Settings that a learned start depends on."""


class Experiment(Learner):
    """A Recursive Feature Machine on an algebraic task; see Learner.

    Parameters
    ----------
    split : Splitter   cuts the table of the task into training and test rows
    probe              name → probe; measured at every iteration
    seed : int         drives the split and, through a generator of its own, a random start; the
                       same seed gives the same on every machine

    Attributes
    ----------
    splitter : Splitter   the one given
    split : Split         its partition of this task with this seed

    Raises
    ------
    SettingError   if the parts do not fit each other; nothing is computed before
    """

    PLUMBING: ClassVar = ("probe",)
    batch_setting: ClassVar = "rfm.batch"
    leading = ("test_accuracy", "test_accuracy_fixed", "test_accuracy_moved", "grok_iteration")

    def __init__(
        self,
        task: Task,
        split: Splitter,
        kernel: Kernel,
        rfm: RFM,
        start: Start,
        probe: Mapping[str, Probe],
        seed: int,
    ) -> None:
        self.task, self.splitter, self.kernel, self._given_rfm = task, split, kernel, rfm
        self.rfm = start.fitted_by(rfm)
        self.start, self.probes, self.seed = start, probe, integer("seed", seed, minimum=0)
        self.iterations, self.batch = rfm.iterations, rfm.batch
        self.checkpoint_seconds = rfm.checkpoint_seconds
        self.features = range(rfm.iterations + 1)
        self.is_random = start.is_random or getattr(split, "is_random", True)
        self._shared: Shared | None = None
        with setting_prefix("start"):
            start.check(task, self._start_rng())
        with setting_prefix("split"):  # an impossible split is refused now, not when the run starts
            self.split: Split = split.split(task, np.random.default_rng(self.seed))
        self._orbits = row_orbits(rfm, task, self.split, start, self._start_rng())
        self._measurement = Measurement(probe, self)

    @property
    def title(self) -> str:
        parts = self.task.title, text.option_name(self.kernel), text.described(self.splitter)
        return ", ".join(parts)

    def share(self, shared: Shared) -> None:
        self._shared = shared

    def cost(self) -> float:
        n, orbit = len(self.split.train), getattr(self._orbits, "s", 1)
        return estimated_seconds(self.iterations, n, self.task.width, self.task.classes, orbit)

    def memory(self) -> float:
        return kernel_matrix_bytes(len(self.split.train), self._orbits, self.rfm.dtype)

    def cost_class(self) -> str:
        parts = [type(part).__name__ for part in (self.kernel, self.start, self.rfm)]
        return " ".join([*parts, self.rfm.solver, self.rfm.dtype])

    def batch_key(self, device: torch.device) -> Hashable:
        if self._orbits or self._measurement.needs_condition or self._measurement.needs_features:
            return None
        n, task = len(self.split.train), self.task
        shape = n, len(self.split.test), task.active.shape[1], task.width, task.classes
        return batch_key(self.rfm, self.kernel, shape, n, device)

    def facts(self) -> dict[str, Any]:
        return {
            "n_train": len(self.split.train),
            "n_test": len(self.split.test),
            **{f"n_test_{name}": int(mask.sum()) for name, mask in self.split.strata.items()},
            **audit(self.task, self.split).facts(),
            "width": self.task.width,
            "classes": self.task.classes,
            "ridge": self.rfm.ridge,
            "depends_on_seed": self.is_random,
        }

    def figure_arrays(self) -> Arrays:
        return reflections(self.task, self.splitter)

    def progress(self, numbers: Mapping[str, Number]) -> str:
        return text.progress(numbers)

    def summary(self, facts: Mapping[str, Any], metrics: Mapping[str, Number]) -> list[str]:
        return [*text.summary(facts, metrics), *text.solved_by_lu([metrics])]

    @classmethod
    def remarks(cls, metrics: Sequence[Mapping[str, Number]]) -> list[str]:
        return text.solved_by_lu(metrics)

    def steps(
        self, device: torch.device, resume: State | None = None, rfm: RFM | None = None
    ) -> Iterator[Step]:
        """Return the iterations, unmeasured; those from a state on, or of another RFM."""
        condition = rfm is None and self._measurement.needs_condition
        start, rfm = self._starting(device, resume), rfm or self.rfm
        if isinstance(rfm, SymmetricRFM) and self._orbits:
            return rfm.steps_by_orbit(self.kernel, self._orbits, start, with_condition=condition)
        sides, classes = self._examples(device), self.task.classes
        return rfm.steps(self.kernel, *sides, classes, start, with_condition=condition)

    def measured(self, device: torch.device = CPU) -> Iterator[tuple[Step, dict[str, Number]]]:
        """Yield the RFM iterations, each with the numbers of the probes by name."""
        both = self._examples(device)
        for step in self.steps(device):
            yield step, fetched([self._measurement.of(step, *both)])[0]

    def observe(
        self, device: torch.device, keep: FeatureSelection, resume: Arrays | None = None
    ) -> Iterator[Observation]:
        train, test = self._examples(device)
        needs_features = self._measurement.needs_features
        seen = list(resume["seen"]) if resume and needs_features else []  # M_0, M_1, …
        for step in self.steps(device, unpacked(resume, device) if resume else None):
            if needs_features:
                seen.append(step.M.cpu().numpy())
            [numbers] = fetched([self._measurement.of(step, train, test)])
            yield self._observation(step, numbers, keep, seen)

    @classmethod
    def observe_batched(
        cls,
        learners: Sequence[Self],
        device: torch.device,
        keeps: Sequence[FeatureSelection],
        resumes: Sequence[Arrays | None],
    ) -> Iterator[tuple[int, Observation | Exception]]:
        members: dict[int, Member] = {}
        for index, (learner, resume) in enumerate(zip(learners, resumes, strict=True)):
            state = unpacked(resume, device) if resume else None
            try:
                members[index] = learner._member(device, state)
            except NumericsError as error:  # of a start that is learned
                yield index, error
        places = list(members)
        measurement = BatchMeasurement(
            {i: (learners[i]._measurement, one.train, one.test) for i, one in members.items()}
        )
        for done in batched_steps(list(members.values())):
            steps = {places[k]: step for k, step in done.items() if isinstance(step, Step)}
            measured = measurement.of(steps)
            for (index, step), numbers in zip(steps.items(), measured, strict=True):
                yield index, learners[index]._observation(step, numbers, keeps[index])
            for k, outcome in done.items():
                if isinstance(outcome, Exception):
                    yield places[k], outcome

    def summarise(self, history: Mapping[str, list[Any]]) -> dict[str, Number]:
        return {
            "lu_iterations": history["solver"].count("lu"),
            "stopped_early": len(history["solver"]) < self.iterations,
            **self._measurement.summarise(history),
        }

    def _member(self, device: torch.device, resume: State | None) -> Member:
        """Return the arguments of the engine."""
        sides, start = self._examples(device), self._starting(device, resume)
        return Member(self.rfm, self.kernel, *sides, self.task.classes, start)

    def _starting(self, device: torch.device, resume: State | None) -> torch.Tensor | State:
        if resume is not None:
            return resume

        def made() -> torch.Tensor:
            return self.start.matrix(self.task, self._given_rfm, device, self._start_rng())

        if self._shared is None or not self.start.is_learned:
            return made()
        M = self._shared.get("starts", LEARNED_START, lambda: {"M": made().cpu().numpy()})["M"]
        return torch.as_tensor(M, device=device)

    def _start_rng(self) -> np.random.Generator:
        """Return a generator independent of the split's, in the same state at every call."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(1,)))

    def _observation(
        self,
        step: Step,
        numbers: Mapping[str, Number],
        keep: FeatureSelection,
        seen: Sequence[np.ndarray] = (),
    ) -> Observation:
        arrays = {step.iteration: step.M} if keep.wants(step.iteration, last=False) else {}
        if step.last and keep.wants(step.iteration + 1, last=True):
            arrays[step.iteration + 1] = step.next_M
        looks_back = step.last and self._measurement.needs_features
        every_M = [*seen, step.next_M.cpu().numpy()] if looks_back else []
        hindsight = self._measurement.hindsight(every_M) if looks_back else {}
        return Observation(
            step.iteration,
            {**numbers, "solver": step.solver, "seconds": step.seconds},
            {k: M.cpu().numpy() for k, M in arrays.items()},
            partial(packed, step.state, seen, self.rfm.stop_change is not None),
            partial(predictions, self.task, self.split, step),
            hindsight,
        )

    def _examples(self, device: torch.device) -> tuple[Examples, Examples]:
        given = torch.as_tensor(self.split.labels_of(self.task), device=device)
        return (
            replace(examples(self.task, self.split.train, device), labels=given),
            examples(self.task, self.split.test, device, self.split.strata),
        )
