"""Conditions on named values, such as "split.train_to_test <= 20 and seed < 5"."""

from grokrfm.conditions.condition import Condition, ConditionError
from grokrfm.conditions.operations import Value

__all__ = ["Condition", "ConditionError", "Value"]
