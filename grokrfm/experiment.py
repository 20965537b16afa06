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
from grokrfm.rfm.batch import Member, batch_key, batched_steps
from grokrfm.rfm.examples import examples
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.learner import Arrays, Number, Observation
from grokrfm.runs.shared import Shared
from grokrfm.splits import Split, Splitter, audit
from grokrfm.tasks import Task

CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class Experiment:
    """A learner that can be observed (see grokrfm.runs.learner.Learner).

    Parameters
    ----------
    seed : int   drives the split and, through a generator of its own, a start that is random; the
                 same seed gives the same on every machine
    probes       name → probe; measured at every iteration
    shared_start keeps a start that is learned for the other runs of a study; None: it is learned

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
    shared_start: Shared | None = None

    def __post_init__(self) -> None:
        integer("seed", self.seed, minimum=0)
        with within("start"):
            self.start.check(self.task, self._start_rng())
        _ = self.split  # refuse an impossible split now, not when the run starts
        _ = self._bound  # and a probe that means nothing here

    @cached_property
    def split(self) -> Split:
        with within("split"):
            return self.splitter.split(self.task, np.random.default_rng(self.seed))

    @cached_property
    def _bound(self) -> Sequence[Probe]:
        """The probes, ready to measure this run."""
        bound = []
        for name, probe in self.probes.items():
            with within(f"probe.{name}"):
                bound.append(probe.bind(self))
        return bound

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
        if self._with_condition or self._remembers:
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

    def measured(self, device: torch.device = CPU) -> Iterator[tuple[Step, dict[str, Number]]]:
        """The RFM iterations, each with the numbers of the probes by name."""
        train, test = self._examples(device)
        for step in self.steps(device):
            [numbers] = _fetched([self._measured(step, train, test)])
            yield step, numbers

    def observe(
        self, device: torch.device, keep: FeatureSelection, resume: Arrays | None = None
    ) -> Iterator[Observation]:
        train, test = self._examples(device)
        seen = list(resume["seen"]) if resume and self._remembers else []  # M_0, M_1, …
        for step in self.steps(device, self._unpacked(resume, device) if resume else None):
            if self._remembers:
                seen.append(step.M.cpu().numpy())
            [numbers] = _fetched([self._measured(step, train, test)])
            yield self._observation(step, numbers, keep, seen)

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
        for done in batched_steps(list(members.values())):
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
        for probe in self._bound:
            summary |= probe.summarise(history)
        return summary

    @property
    def _with_condition(self) -> bool:
        return any(probe.needs_condition for probe in self._bound)

    @property
    def _remembers(self) -> bool:
        return any(probe.needs_features for probe in self._bound)

    def _member(self, device: torch.device, resume: State | None) -> Member:
        """What the engine needs to run this."""
        train, test = self._examples(device)
        start = resume or self._starting_matrix(device)
        return Member(self.rfm, self.kernel, train, test, self.task.classes, start)

    def _starting_matrix(self, device: torch.device) -> torch.Tensor:
        def made() -> torch.Tensor:
            return self.start.matrix(self.task, self.kernel, self.rfm, device, self._start_rng())

        if self.shared_start is None or not self.start.is_learned:
            return made()
        kept = self.shared_start.get(lambda: {"M": made().cpu().numpy()})
        return torch.as_tensor(kept["M"], device=device)

    def _start_rng(self) -> np.random.Generator:
        """Independent of the one that draws the split, and in the same state at every call."""
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
        return Observation(
            step.iteration,
            {**numbers, "solver": step.solver, "seconds": step.seconds},
            {k: M.cpu().numpy() for k, M in arrays.items()},
            partial(self._packed, step.state, seen),
            partial(self._predictions, step),
            self._hindsight(step, seen) if step.last else {},
        )

    def _predictions(self, step: Step) -> Arrays:
        rows = np.concatenate([self.split.train, self.split.test])
        highest, classes = torch.cat([step.train_outputs, step.test_outputs]).topk(2, dim=1)
        lead = highest[:, 0] - highest[:, 1]
        return {
            "rows": rows,
            "operands": self.task.pairs[rows],
            "labels": self.task.labels[rows],
            "training": np.arange(len(rows)) < len(self.split.train),
            "predicted": classes[:, 0].cpu().numpy(),
            "lead": lead.to(torch.float64).cpu().numpy(),
        }

    def _packed(self, state: State, seen: Sequence[np.ndarray]) -> Arrays:
        """A state as arrays; the outputs only where the next iteration looks at them."""
        arrays = {
            "iteration": np.array(state.iteration),
            "M": state.M.cpu().numpy(),
            "largest": np.array(state.largest),
            "still": np.array(state.still),
        }
        if self.rfm.stop_change is not None and state.outputs is not None:
            arrays["outputs"] = state.outputs.cpu().numpy()
        if seen:
            arrays["seen"] = np.stack(seen[: state.iteration])
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
        for probe in self._bound:
            measured |= probe.measure(step, train, test)
        return measured

    def _hindsight(self, step: Step, seen: Sequence[np.ndarray]) -> dict[str, list[float]]:
        numbers: dict[str, list[float]] = {}
        for probe in self._bound:
            if probe.needs_features:
                numbers |= probe.hindsight([*seen, step.next_M.cpu().numpy()])
        return numbers

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
