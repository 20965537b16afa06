"""Tasks: binary operations as labelled tables of operand pairs (numpy only)."""

from grokrfm.checks import accept_options
from grokrfm.tasks.family import Family
from grokrfm.tasks.operations import (
    abelian,
    addition,
    cayley,
    division,
    division_if_odd,
    multiplication,
    multiplication_with_zero,
    subtraction,
)
from grokrfm.tasks.polynomial import polynomial
from grokrfm.tasks.reflections import fixing_reflection, reflections, require_two_operands
from grokrfm.tasks.task import Task
from grokrfm.tasks.twisted_product import twisted_product
from grokrfm.tasks.two_tasks import two_tasks
from grokrfm.tasks.words import word

__all__ = [
    "Family",
    "Task",
    "abelian",
    "addition",
    "cayley",
    "division",
    "division_if_odd",
    "fixing_reflection",
    "multiplication",
    "multiplication_with_zero",
    "polynomial",
    "reflections",
    "require_two_operands",
    "subtraction",
    "twisted_product",
    "two_tasks",
    "word",
]

accept_options(globals(), __all__)
