"""What the network is told of prompts, and a store that encodes each unique prompt once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

ENCODE_BATCH = 32


@dataclass(frozen=True)
class Conditions:
    """Encoded prompts: named tensors that all start with the prompt dimension, `[P, ...]`."""

    tensors: dict[str, torch.Tensor]

    def __len__(self) -> int:
        return len(next(iter(self.tensors.values())))

    def __getitem__(self, name: str) -> torch.Tensor:
        return self.tensors[name]

    def take(self, rows: torch.Tensor) -> "Conditions":
        """The prompts at `rows` (`[B]`, int64; a row may stand several times)."""
        return Conditions({name: tensor[rows.to(tensor.device)] for name, tensor in self.tensors.items()})

    def to(self, device: torch.device) -> "Conditions":
        return Conditions({name: tensor.to(device) for name, tensor in self.tensors.items()})

    @staticmethod
    def cat(parts: Sequence["Conditions"]) -> "Conditions":
        return Conditions({name: torch.cat([part[name] for part in parts]) for name in parts[0].tensors})


class ConditionStore:
    """Every prompt of a run, encoded once and kept on the CPU.

    Encoding runs in fixed chunks of the prompts as listed, so that a resumed run gets the same bits.
    """

    def __init__(self, rows: dict[str, int], conditions: Conditions):
        self._rows = rows
        self._conditions = conditions

    @classmethod
    def encode(
        cls,
        encode_prompts: Callable[[Sequence[str]], Conditions],
        texts: Sequence[str],
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> "ConditionStore":
        unique = list(dict.fromkeys(texts))
        parts = []
        for start in range(0, len(unique), ENCODE_BATCH):
            on_progress(start, len(unique))
            parts.append(encode_prompts(unique[start : start + ENCODE_BATCH]).to(torch.device("cpu")))
        on_progress(len(unique), len(unique))
        return cls({text: row for row, text in enumerate(unique)}, Conditions.cat(parts))

    def get(self, texts: Sequence[str], device: torch.device) -> Conditions:
        """The conditions of `texts`, in their order. Raises KeyError for a text that was not encoded."""
        return self._conditions.take(torch.tensor([self._rows[text] for text in texts])).to(device)
