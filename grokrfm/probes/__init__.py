"""Probes: what is measured of a Step, one probe per file."""

from grokrfm.probes.accuracy import Accuracy
from grokrfm.probes.condition import Condition
from grokrfm.probes.grok import Grok
from grokrfm.probes.loss import Loss
from grokrfm.probes.margin import Margin
from grokrfm.probes.probe import Probe

__all__ = ["Accuracy", "Condition", "Grok", "Loss", "Margin", "Probe"]
