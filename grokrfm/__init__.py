"""grokrfm: sweeps of grokking experiments with Recursive Feature Machines."""

__version__ = "0.1.0"
