"""Config groups of grokrfm, for Hydra's search path: pkg://grokrfm.conf."""
