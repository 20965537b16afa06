"""Verdict on a model: do its operators generate the group of the actions?"""

from __future__ import annotations

from dataclasses import dataclass

from grokrfm.algebra.group_action import GroupAction
from grokrfm.algebra.identification import group_name
from grokrfm.algebra.isomorphism import covers
from grokrfm.recovery.generated import Generated


@dataclass(frozen=True)
class Verdict:
    """Group that operators generate, compared with the group of the actions.

    Parameters
    ----------
    closure_order : int     order of the group that the operators generate; 0: they do not close
    group_order : int       order of the group of the actions
    cover_index : float     quotient of the two orders
    verdict : str           recovered: operators and actions generate the same group, operator for
                            action; cover: a larger group that maps onto it, operator to action;
                            fits: neither; not_fitted: some seen transition is not predicted
    group_name : str        name of the group that the operators generate; None: they do not close
    """

    closure_order: int
    group_order: int
    cover_index: float
    verdict: str
    group_name: str | None


def verdict_on(action: GroupAction, generated: Generated, fitted: bool) -> Verdict:
    """Compare the group that operators generate with that of the actions.

    Parameters
    ----------
    fitted   True if all seen transitions are predicted; nothing is recovered otherwise
    """
    order = action.group.order
    if generated is None:
        return Verdict(0, order, 0.0, "fits" if fitted else "not_fitted", None)
    group, generators = generated
    if not fitted:
        verdict = "not_fitted"
    elif not covers(group, generators, action.group, action.generators):
        verdict = "fits"
    else:
        verdict = "recovered" if group.order == order else "cover"
    name = action.group_name if verdict == "recovered" else group_name(group)
    return Verdict(group.order, order, group.order / order, verdict, name)
