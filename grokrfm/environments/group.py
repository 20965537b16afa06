"""Environment of a finite group that acts on itself or on the cosets of a subgroup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra import Group
from grokrfm.algebra.subgroups import generated_by, right_cosets
from grokrfm.checks import SettingError, boolean, choice
from grokrfm.environments.tabular import Tabular, one_hot

MOST_STATES = 1000
"""Limit on the states; an observation has as many pixels, a table of all products its square."""


def group_action(
    group: Group, generators: Any, inverses: Any, action: Any, subgroup: Any
) -> Tabular:
    """Right multiplication by some elements of a group: state s goes to s·g.

    Parameters
    ----------
    generators   "all" elements, or a list of them in the group's notation; they are the actions
    inverses     True: the inverses of the generators are actions too
    action       "regular": the states are the elements; "cosets": right cosets H·g
    subgroup     elements that generate H, for cosets

    Raises
    ------
    SettingError   if an element is not one, or the actions do not reach every state
    """
    choice("action", action, ("regular", "cosets"))
    chosen = _actions(group, generators, boolean("inverses", inverses))
    names = tuple(group.written(g) for g in chosen)
    whole = action == "regular" and np.array_equal(chosen, np.arange(group.order))
    if action == "regular":
        if _check_elements(group, "subgroup", subgroup):
            raise SettingError("subgroup", "is used by action=cosets only; set that, or no element")
        table, title = group.table[:, chosen], f"{group.name} on itself"
    else:
        table, title = _on_cosets(group, subgroup, chosen)
    if not 2 <= len(table) <= MOST_STATES:
        raise SettingError(
            "group", f"has {len(table)} states here; choose an action on 2 to {MOST_STATES} states"
        )
    return Tabular(
        title, table, one_hot(len(table)), names, multiplication=group if whole else None
    )


def _actions(group: Group, generators: Any, with_inverses: bool) -> NDArray[np.int64]:
    """Indices of the elements that are actions, each once."""
    if isinstance(generators, str) and generators == "all":
        return np.arange(group.order)
    if not isinstance(generators, (list, tuple)) or not generators:
        raise SettingError(
            "generators",
            f"must be all, or a list of elements such as [{group.example}], got {generators!r}",
        )
    found = _check_elements(group, "generators", generators)
    if with_inverses:
        found = [h for g in found for h in (g, int(group.inverses[g]))]
    return np.array(list(dict.fromkeys(found)))


def _check_elements(group: Group, setting: str, elements: Any) -> list[int]:
    if not isinstance(elements, (list, tuple)):
        raise SettingError(setting, f"must be a list of elements, got {elements!r}")
    try:
        return [group.index(element) for element in elements]
    except ValueError as error:
        raise SettingError(setting, str(error)) from error


def _on_cosets(
    group: Group, subgroup: Sequence[Any], chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], str]:
    """Transitions of the right cosets H·g, and a title."""
    held = generated_by(group, _check_elements(group, "subgroup", subgroup))
    if len(held) == group.order:
        raise SettingError("subgroup", f"generates all of {group.name}; choose a proper subgroup")
    cosets = np.array(right_cosets(group, held))
    coset_of = np.empty(group.order, dtype=np.int64)
    coset_of[cosets] = np.arange(len(cosets))[:, None]
    title = f"{group.name} on {len(cosets)} cosets of a subgroup of order {len(held)}"
    return coset_of[group.table[cosets[:, 0]][:, chosen]], title
