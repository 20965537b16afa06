"""Dynamics: models that learn from interaction the group of an environment."""
