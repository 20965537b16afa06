"""Tasks: a binary operation as a labelled table of operand pairs (numpy only)."""

from grokrfm.tasks.operations import (
    abelian,
    addition,
    division,
    multiplication,
    subtraction,
)
from grokrfm.tasks.task import Task

__all__ = ["Task", "abelian", "addition", "division", "multiplication", "subtraction"]
