"""Environments: what the second learner interacts with."""
