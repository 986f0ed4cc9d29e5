"""What others may want to know of a run's life: sent within the transaction that changes it."""

from django.dispatch import Signal

run_ended = Signal()
"""A run came to an end, or was put down. `run_id`, and `state` as it is now. A receiver's error undoes the end."""
