"""The mathematics of the engine: pure functions over tensors. No model, no file, no global state.

``dynamics``, ``schedules``, ``solvers``, ``thresholds`` and ``trust_regions`` take tensors but load no torch of their
own, so that a run configuration can be checked against the very classes that will train it in a process (the web
server) that must never load torch. The rest imports it.
"""
