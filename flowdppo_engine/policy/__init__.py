"""The mathematics of the engine: pure functions over tensors. No model, no file, no global state.

Only ``divergence`` and ``advantages`` import torch when they are imported. The rest takes tensors but loads no torch
of its own, so that a run configuration can be checked against the very classes that will train it in a process (the
web server) that must never load torch.
"""
