import gc

import torch
from hypothesis import settings

torch.set_num_threads(1)

settings.register_profile("grokrfm", derandomize=True, deadline=None, max_examples=40)
settings.load_profile("grokrfm")


def pytest_collection_finish():
    """Leave what is imported and collected out of every later search for garbage."""
    gc.freeze()
