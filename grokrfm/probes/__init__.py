"""Probes: measurements of a Step, one probe per file."""

from grokrfm.checks import accept_options
from grokrfm.probes.accuracy import Accuracy
from grokrfm.probes.agop_alignment import AgopAlignment
from grokrfm.probes.alignment import Alignment
from grokrfm.probes.circulant import Circulant
from grokrfm.probes.condition import Condition
from grokrfm.probes.equivariance import Equivariance
from grokrfm.probes.grok import Grok, grok_iteration
from grokrfm.probes.images import Images
from grokrfm.probes.loss import Loss
from grokrfm.probes.margin import Margin
from grokrfm.probes.orbit_prediction import OrbitPrediction
from grokrfm.probes.probe import Probe, UnboundProbe
from grokrfm.probes.recovery import Recovery
from grokrfm.probes.second_ridge import SecondRidge
from grokrfm.probes.spectrum import Spectrum

__all__ = [
    "Accuracy",
    "AgopAlignment",
    "Alignment",
    "Circulant",
    "Condition",
    "Equivariance",
    "Grok",
    "Images",
    "Loss",
    "Margin",
    "OrbitPrediction",
    "Probe",
    "Recovery",
    "SecondRidge",
    "Spectrum",
    "UnboundProbe",
    "grok_iteration",
]

accept_options(globals(), __all__)
