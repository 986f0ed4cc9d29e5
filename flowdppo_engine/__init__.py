"""Flow-DPPO and its rivals: online reinforcement learning of flow-matching models.

Nothing is imported here, so that the torch-free modules (`config`, `events`, `recipes`) stay torch-free.
"""

__version__ = "0.1.0"
