"""Running one Spec and keeping what it leaves; knows no learner and nothing of Hydra.

Nothing here is imported eagerly: a reader of the store must not pay for importing torch.
"""
