"""Tasks: a binary operation as a labelled table of operand pairs (numpy only)."""

from grokrfm.tasks.operations import (
    abelian,
    addition,
    division,
    multiplication,
    subtraction,
)
from grokrfm.tasks.reflections import fixing_reflection, reflections, require_two_operands
from grokrfm.tasks.task import Task

__all__ = [
    "Task",
    "abelian",
    "addition",
    "division",
    "fixing_reflection",
    "multiplication",
    "reflections",
    "require_two_operands",
    "subtraction",
]
