"""Split with the training pairs listed in a CSV file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from grokrfm.algebra import Group
from grokrfm.checks import SettingError
from grokrfm.splits.split import Split, from_training_mask
from grokrfm.tasks import Task


@dataclass(frozen=True)
class Listed:
    """Split with train = the pairs in a file, test = all others.

    Parameters
    ----------
    path : str   CSV file with the header `a,b` and one pair per line, in the operands' own values.
                 An element of a product is written as its coordinates, "[1, 0, 3]", or as its
                 mixed-radix number (last coordinate fastest)
    """

    is_random: ClassVar[bool] = False

    path: str

    def __post_init__(self) -> None:
        if not isinstance(self.path, str) or not self.path:
            raise SettingError("path", f"must be the path of a CSV file, got {self.path!r}")

    def split(self, task: Task, rng: np.random.Generator) -> Split:
        training = np.zeros(len(task.labels), dtype=bool)
        for line, first, second in self._lines():
            a, b = (self._element(task.group, text, line) for text in (first, second))
            row = a * task.order + b
            if training[row]:
                raise self._error(f"line {line}: the pair {first},{second} is listed twice")
            training[row] = True
        if not training.any() or training.all():
            side = "test" if training.any() else "training"
            counts = f"{training.sum()} rows train, {(~training).sum()} test"
            raise self._error(f"leaves the {side} set empty ({counts})")
        return from_training_mask(training, "path")

    def _lines(self) -> Iterator[tuple[int, str, str]]:
        """Line number and the two fields of each line below the header."""
        try:
            text = Path(self.path).read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a text file in UTF-8"
            raise self._error(
                f"cannot be read ({reason}); give a CSV file with columns a,b"
            ) from error
        reader = csv.reader(text.rstrip().splitlines())
        header = [field.strip() for field in next(reader, [])]
        if header != ["a", "b"]:
            raise self._error(f"line 1: the header must be a,b, got {','.join(header)!r}")
        try:
            for fields in reader:
                if len(fields) != 2:
                    problem = f"expected two values a,b, got {','.join(fields)!r}"
                    raise self._error(f"line {reader.line_num}: {problem}")
                yield reader.line_num, fields[0].strip(), fields[1].strip()
        except csv.Error as error:
            raise self._error(f"line {reader.line_num}: {error}") from error

    def _element(self, group: Group, text: str, line: int) -> int:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = text
            if not any(isinstance(element, str) for element in group.elements):
                raise self._error(f"line {line}: {text!r:.40} is not a number or a list") from None
        is_code = isinstance(group.elements[0], tuple) and type(value) is int
        if is_code and 0 <= value < group.order:
            return int(value)
        try:
            return group.index(value)
        except ValueError as error:
            raise self._error(f"line {line}: {error}") from None

    def _error(self, problem: str) -> SettingError:
        return SettingError("path", f"{self.path}: {problem}")
