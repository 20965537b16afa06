"""Kernels on one-hot rows with a feature matrix M, one kernel per file (torch)."""

from grokrfm.kernels.gaussian import Gaussian
from grokrfm.kernels.kernel import ClosedFormAgop, InnerProductKernel, Kernel, RadialKernel
from grokrfm.kernels.onehot import OneHot
from grokrfm.kernels.quadratic import Quadratic

__all__ = [
    "ClosedFormAgop",
    "Gaussian",
    "InnerProductKernel",
    "Kernel",
    "OneHot",
    "Quadratic",
    "RadialKernel",
]
