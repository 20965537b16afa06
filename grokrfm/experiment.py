"""One kernel-machine experiment: task, split, kernel, RFM, start and probes put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch

from grokrfm.checks import integer, within
from grokrfm.kernels import Kernel
from grokrfm.probes import Probe
from grokrfm.rfm import RFM, Examples, Start, State, Step
from grokrfm.rfm.start import examples
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.run import Arrays, Number, Observation
from grokrfm.splits import Split, Splitter
from grokrfm.tasks import Task


@dataclass(frozen=True, eq=False)
class Experiment:
    """A learner that can be observed (see grokrfm.runs.run.Learner).

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

    def facts(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "n_train": len(self.split.train),
            "n_test": len(self.split.test),
            **{f"n_test_{name}": int(mask.sum()) for name, mask in self.split.strata.items()},
            "width": self.task.width,
            "classes": self.task.classes,
        }

    def steps(self, device: torch.device, resume: State | None = None) -> Iterator[Step]:
        """The RFM iterations, unmeasured; all of them, or those from a state on."""
        train, test = self._examples(device)
        yield from self.rfm.steps(
            self.kernel,
            train,
            test,
            self.task.classes,
            resume or self.start.matrix(self.task, self.kernel, self.rfm, device),
            with_condition=any(probe.needs_condition for probe in self.probes.values()),
        )

    def observe(
        self, device: torch.device, keep: FeatureSelection, resume: Arrays | None = None
    ) -> Iterator[Observation]:
        train, test = self._examples(device)
        for step in self.steps(device, self._unpacked(resume, device) if resume else None):
            arrays = {step.iteration: step.M} if keep.wants(step.iteration, last=False) else {}
            if step.last and keep.wants(step.iteration + 1, last=True):
                arrays[step.iteration + 1] = step.next_M
            numbers = self._measure(step, train, test)
            yield Observation(
                step.iteration,
                {**numbers, "solver": step.solver, "seconds": step.seconds},
                {k: M.cpu().numpy() for k, M in arrays.items()},
                partial(self._packed, step.state),
                partial(self._predictions, step),
            )

    def summarise(self, history: Mapping[str, list[Any]]) -> dict[str, Number]:
        summary: dict[str, Number] = {
            "lu_iterations": history["solver"].count("lu"),
            "stopped_early": len(history["solver"]) < self.iterations,
        }
        for probe in self.probes.values():
            summary |= probe.summarise(history)
        return summary

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

    def _measure(self, step: Step, train: Examples, test: Examples) -> dict[str, Number]:
        measured: dict[str, torch.Tensor] = {}
        for probe in self.probes.values():
            measured |= probe.measure(step, train, test)
        if not measured:
            return {}
        values = torch.stack([value.to(torch.float64) for value in measured.values()]).tolist()
        return dict(zip(measured, values, strict=True))

    def _examples(self, device: torch.device) -> tuple[Examples, Examples]:
        split = self.split
        return (
            examples(self.task, split.train, device),
            examples(self.task, split.test, device, split.strata),
        )
