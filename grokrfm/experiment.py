"""One kernel-machine experiment: task, split, kernel, RFM, start and probes put together."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch

from grokrfm.checks import NumericsError, integer, within
from grokrfm.kernels import Kernel
from grokrfm.probes import Probe
from grokrfm.rfm import RFM, Examples, Start, State, Step
from grokrfm.rfm.batch import Member, batch_key, steps_together
from grokrfm.rfm.start import examples
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.learner import Arrays, Number, Observation
from grokrfm.splits import Split, Splitter, audit
from grokrfm.tasks import Task


@dataclass(frozen=True, eq=False)
class Experiment:
    """A learner that can be observed (see grokrfm.runs.learner.Learner).

    Parameters
    ----------
    seed : int   drives the split; the same seed gives the same split on every machine
    probes       name → probe; measured at every iteration

    Raises
    ------
    SettingError   if the parts do not fit each other; nothing is computed before
    """

    task: Task
    splitter: Splitter
    kernel: Kernel
    rfm: RFM
    start: Start
    probes: Mapping[str, Probe]
    seed: int

    def __post_init__(self) -> None:
        integer("seed", self.seed, minimum=0)
        with within("start"):
            self.start.check(self.task)
        _ = self.split  # refuse an impossible split now, not when the run starts

    @cached_property
    def split(self) -> Split:
        with within("split"):
            return self.splitter.split(self.task, np.random.default_rng(self.seed))

    @property
    def title(self) -> str:
        return f"{self.task.title}, {type(self.kernel).__name__}, {type(self.splitter).__name__}"

    @property
    def iterations(self) -> int:
        return self.rfm.iterations

    @property
    def checkpoint_seconds(self) -> float:
        return self.rfm.checkpoint_seconds

    @property
    def batch(self) -> int:
        return self.rfm.batch

    def batch_key(self, device: torch.device) -> Hashable:
        if self._with_condition:
            return None
        n_train, n_test = len(self.split.train), len(self.split.test)
        slots = self.task.active.shape[1]
        shape = n_train, n_test, slots, self.task.width, self.task.classes
        return batch_key(self.rfm, self.kernel, shape, n_train, device)

    def facts(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "n_train": len(self.split.train),
            "n_test": len(self.split.test),
            **{f"n_test_{name}": int(mask.sum()) for name, mask in self.split.strata.items()},
            **audit(self.task, self.split).facts(),
            "width": self.task.width,
            "classes": self.task.classes,
        }

    def steps(self, device: torch.device, resume: State | None = None) -> Iterator[Step]:
        """The RFM iterations, unmeasured; all of them, or those from a state on."""
        run = self._member(device, resume)
        yield from self.rfm.steps(
            run.kernel,
            run.train,
            run.test,
            run.classes,
            run.start,
            with_condition=self._with_condition,
        )

    def observe(
        self, device: torch.device, keep: FeatureSelection, resume: Arrays | None = None
    ) -> Iterator[Observation]:
        train, test = self._examples(device)
        for step in self.steps(device, self._unpacked(resume, device) if resume else None):
            [numbers] = _fetched([self._measured(step, train, test)])
            yield self._observation(step, numbers, keep)

    @staticmethod
    def observe_together(
        learners: Sequence[Experiment],
        device: torch.device,
        keeps: Sequence[FeatureSelection],
        resumes: Sequence[Arrays | None],
    ) -> Iterator[tuple[int, Observation | Exception]]:
        members: dict[int, Member] = {}
        for index, (learner, resume) in enumerate(zip(learners, resumes, strict=True)):
            state = learner._unpacked(resume, device) if resume else None
            try:
                members[index] = learner._member(device, state)
            except NumericsError as error:  # of a start that is learned
                yield index, error
        places = list(members)
        for done in steps_together(list(members.values())):
            steps = {places[k]: step for k, step in done.items() if isinstance(step, Step)}
            measured = [
                learners[index]._measured(step, members[index].train, members[index].test)
                for index, step in steps.items()
            ]
            for (index, step), numbers in zip(steps.items(), _fetched(measured), strict=True):
                yield index, learners[index]._observation(step, numbers, keeps[index])
            for k, outcome in done.items():
                if isinstance(outcome, Exception):
                    yield places[k], outcome

    def summarise(self, history: Mapping[str, list[Any]]) -> dict[str, Number]:
        summary: dict[str, Number] = {
            "lu_iterations": history["solver"].count("lu"),
            "stopped_early": len(history["solver"]) < self.iterations,
        }
        for probe in self.probes.values():
            summary |= probe.summarise(history)
        return summary

    @property
    def _with_condition(self) -> bool:
        return any(probe.needs_condition for probe in self.probes.values())

    def _member(self, device: torch.device, resume: State | None) -> Member:
        """What the engine needs to run this."""
        train, test = self._examples(device)
        start = resume or self.start.matrix(self.task, self.kernel, self.rfm, device)
        return Member(self.rfm, self.kernel, train, test, self.task.classes, start)

    def _observation(
        self, step: Step, numbers: Mapping[str, Number], keep: FeatureSelection
    ) -> Observation:
        arrays = {step.iteration: step.M} if keep.wants(step.iteration, last=False) else {}
        if step.last and keep.wants(step.iteration + 1, last=True):
            arrays[step.iteration + 1] = step.next_M
        return Observation(
            step.iteration,
            {**numbers, "solver": step.solver, "seconds": step.seconds},
            {k: M.cpu().numpy() for k, M in arrays.items()},
            partial(self._packed, step.state),
        )

    def _packed(self, state: State) -> Arrays:
        """A state as arrays; the outputs only where the next iteration looks at them."""
        arrays = {
            "iteration": np.array(state.iteration),
            "M": state.M.cpu().numpy(),
            "largest": np.array(state.largest),
            "still": np.array(state.still),
        }
        if self.rfm.stop_change is not None and state.outputs is not None:
            arrays["outputs"] = state.outputs.cpu().numpy()
        return arrays

    def _unpacked(self, arrays: Arrays, device: torch.device) -> State:
        outputs = arrays.get("outputs")
        return State(
            int(arrays["iteration"]),
            torch.as_tensor(arrays["M"], device=device),
            float(arrays["largest"]),
            None if outputs is None else torch.as_tensor(outputs, device=device),
            int(arrays["still"]),
        )

    def _measured(self, step: Step, train: Examples, test: Examples) -> dict[str, torch.Tensor]:
        measured: dict[str, torch.Tensor] = {}
        for probe in self.probes.values():
            measured |= probe.measure(step, train, test)
        return measured

    def _examples(self, device: torch.device) -> tuple[Examples, Examples]:
        split = self.split
        given = torch.as_tensor(split.labels_of(self.task), device=device)
        return (
            replace(examples(self.task, split.train, device), labels=given),
            examples(self.task, split.test, device, split.strata),
        )


def _fetched(measured: Sequence[Mapping[str, torch.Tensor]]) -> list[dict[str, Number]]:
    """The numbers measured of some runs, in one transfer from the device."""
    values = [value.to(torch.float64) for numbers in measured for value in numbers.values()]
    fetched = iter(torch.stack(values).tolist() if values else ())
    return [{name: next(fetched) for name in numbers} for numbers in measured]
