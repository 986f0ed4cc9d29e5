"""What the forward passes of an update keep for their backward passes."""

import weakref
from contextlib import contextmanager

import torch


class Activations:
    """`peak_bytes`: the most that autograd kept at once inside `counted`, weights not counted."""

    def __init__(self, network: torch.nn.Module):
        self._weights = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
        self._holders: dict[int, int] = {}
        self._bytes = 0
        self.peak_bytes = 0

    @contextmanager
    def counted(self):
        with torch.autograd.graph.saved_tensors_hooks(self._keep, lambda kept: kept.tensor):
            yield

    def _keep(self, tensor: torch.Tensor) -> "_Kept":
        kept, storage = _Kept(tensor), tensor.untyped_storage()
        if storage.data_ptr() not in self._weights:
            place, size = storage.data_ptr(), storage.nbytes()
            self._holders[place] = self._holders.get(place, 0) + 1
            self._bytes += size if self._holders[place] == 1 else 0
            self.peak_bytes = max(self.peak_bytes, self._bytes)
            weakref.finalize(kept, self._let_go, place, size)
        return kept

    def _let_go(self, place: int, size: int) -> None:
        self._holders[place] -= 1
        self._bytes -= size if self._holders[place] == 0 else 0


class _Kept:
    """A saved tensor; gone as soon as autograd needs it no more."""

    def __init__(self, tensor: torch.Tensor):
        self.tensor = tensor.detach()
