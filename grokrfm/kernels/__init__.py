"""Kernels on one-hot rows with a feature matrix M, one kernel per file (torch)."""

from grokrfm.checks import accept_options
from grokrfm.kernels.gaussian import Gaussian
from grokrfm.kernels.general_quadratic import GeneralQuadratic
from grokrfm.kernels.kernel import (
    ClosedFormAgop,
    InnerProductKernel,
    Kernel,
    RadialKernel,
    StreamedGradient,
)
from grokrfm.kernels.laplace import Laplace
from grokrfm.kernels.onehot import OneHot
from grokrfm.kernels.quadratic import Quadratic

__all__ = [
    "ClosedFormAgop",
    "Gaussian",
    "GeneralQuadratic",
    "InnerProductKernel",
    "Kernel",
    "Laplace",
    "OneHot",
    "Quadratic",
    "RadialKernel",
    "StreamedGradient",
]

accept_options(globals(), __all__)
