"""Sweeps: from overrides to jobs on this machine or a SLURM cluster (hydra, submitit)."""
