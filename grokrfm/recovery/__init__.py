"""Score of a model of transitions: has it recovered the group of the actions? (numpy only)."""

from grokrfm.recovery.invariance import feature_invariance
from grokrfm.recovery.score import Number, score
from grokrfm.recovery.verdict import Verdict, verdict_on

__all__ = ["Number", "Verdict", "feature_invariance", "score", "verdict_on"]
