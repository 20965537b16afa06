"""Runs, from a Spec to the Record in the store; independent of learners and of Hydra.

Nothing here is imported eagerly: a reader of the store must not pay for importing torch.
"""
