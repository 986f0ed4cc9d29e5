"""Everything random, drawn by its key: no state to save, and a resumed run draws what the uninterrupted one drew."""

import hashlib
from collections.abc import Iterable

import numpy as np
import torch


def generator(*key: int | str) -> np.random.Generator:
    """A generator that depends on nothing but `key`."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))


def normal(shape: tuple[int, ...], *key: int | str) -> torch.Tensor:
    """Standard normal noise, fp32, on the CPU. Filled row by row: a longer batch begins with the shorter one."""
    return torch.from_numpy(generator(*key).standard_normal(shape, dtype=np.float32))


def normal_rows(shape: tuple[int, ...], rows: Iterable[int], *key: int | str) -> torch.Tensor:
    """Standard normal noise `[len(rows), *shape]`, fp32, on the CPU: that of a row depends on `key` and the row only.

    So neither the batches nor the processes that share the work change what any image is drawn from.
    """
    return torch.stack([normal(shape, *key, row) for row in rows])


def permutation(size: int, *key: int | str) -> np.ndarray:
    """`[size]` int64: 0..size-1 shuffled."""
    return generator(*key).permutation(size)
