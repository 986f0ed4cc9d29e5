"""What the network is told of prompts, and a store on disk that encodes each unique prompt once.

Prompts of different length follow one rule. A text encoder's `[P, L, ...]` whose row i means something only in its
first `lengths[i]` places, with zeros after them, is a ragged tensor; an adapter says so by giving its `lengths`. It
may give them with any L. The store then cuts or pads them all to the longest prompt of the run, so that rollout and
update pass tensors of the same shape whatever prompts a batch holds: in bf16, other shapes give other numbers. So an
adapter never looks at its batch to decide on a shape: it uses L as it comes, with a mask (`Conditions.mask`), or pads
to a length of its own that is the same throughout (`Conditions.padded`). Tensors whose padding the text encoder has
written on, and the network reads, are not ragged.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import pad

ENCODE_BATCH = 32


@dataclass(frozen=True)
class Conditions:
    """Encoded prompts: named tensors that all start with the prompt dimension, `[P, ...]`.

    `lengths` are those of the ragged tensors by name, `[P]` int64, always on the CPU: they make shapes, and reading
    them must not wait for an accelerator.
    """

    tensors: Mapping[str, torch.Tensor]
    lengths: Mapping[str, torch.Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.tensors.values())))

    def __getitem__(self, name: str) -> torch.Tensor:
        return self.tensors[name]

    def mask(self, name: str) -> torch.Tensor:
        """`[P, L]` bool on the tensor's device: which places of the ragged tensor `name` mean something."""
        tensor = self.tensors[name]
        places = torch.arange(tensor.shape[1], device=tensor.device)
        return places < self.lengths[name].to(tensor.device)[:, None]

    def padded(self, name: str, length: int) -> torch.Tensor:
        """The ragged tensor `name` as `[P, length, ...]`, cut or filled with zeros."""
        return _with_length(self.tensors[name], length)

    def take(self, rows: torch.Tensor) -> "Conditions":
        """The prompts at `rows` (`[B]`, int64; a row may stand several times)."""
        return Conditions(
            {name: tensor[rows.to(tensor.device)] for name, tensor in self.tensors.items()},
            {name: lengths[rows.cpu()] for name, lengths in self.lengths.items()},
        )

    def to(self, device: torch.device) -> "Conditions":
        return Conditions({name: tensor.to(device) for name, tensor in self.tensors.items()}, self.lengths)

    @classmethod
    def ragged(cls, name: str, rows: Sequence[torch.Tensor]) -> "Conditions":
        """One ragged tensor of the prompts' own `[L_i, ...]`."""
        return cls(
            {name: torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True)},
            {name: torch.tensor([len(row) for row in rows])},
        )


class ConditionStore:
    """Every prompt of a run, encoded once and kept on disk.

    It is mapped into memory from there: what is read often stays in the system's page cache, which gives way where
    memory is short, so that a store takes as much memory as there is to spare and no more. Its files lose their names
    as they are mapped. The disk is free again when the process ends, however it ends.
    """

    def __init__(self, texts: Sequence[str], chunks: Sequence[Conditions]):
        self._places = {text: divmod(row, ENCODE_BATCH) for row, text in enumerate(texts)}
        self._chunks = chunks
        self._longest = {name: max(int(chunk.lengths[name].max()) for chunk in chunks) for name in chunks[0].lengths}

    @classmethod
    def encode(
        cls,
        encode_prompts: Callable[[Sequence[str]], Conditions],
        texts: Sequence[str],
        folder: Path,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> "ConditionStore":
        """Encode `texts`, of which repeated ones count once, on the disk that `folder` is on.

        It runs in fixed chunks of the prompts as listed, so that a resumed run gets the same bits. `on_progress` is
        told how many prompts of how many are done.
        """
        unique, chunks = list(dict.fromkeys(texts)), []
        for start in range(0, len(unique), ENCODE_BATCH):
            on_progress(start, len(unique))
            encoded = encode_prompts(unique[start : start + ENCODE_BATCH])
            chunks.append(_to_disk(encoded, folder / f"conditions-{len(chunks):05d}.safetensors"))
        on_progress(len(unique), len(unique))
        return cls(unique, chunks)

    def get(self, texts: Sequence[str], device: torch.device) -> Conditions:
        """The conditions of `texts`, in their order. Raises KeyError for a text that was not encoded."""
        places = [self._places[text] for text in texts]
        first = self._chunks[0]
        lengths = {
            name: torch.stack([self._chunks[chunk].lengths[name][row] for chunk, row in places])
            for name in first.lengths
        }
        return Conditions({name: self._rows(name, places) for name in first.tensors}, lengths).to(device)

    def _rows(self, name: str, places: Sequence[tuple[int, int]]) -> torch.Tensor:
        rows = [self._chunks[chunk][name][row] for chunk, row in places]
        if name in self._longest:
            rows = [_with_length(row[None], self._longest[name])[0] for row in rows]
        return torch.stack(rows)


def _to_disk(conditions: Conditions, path: Path) -> Conditions:
    """The same, mapped from a file without a name. Ragged tensors lose what is beyond the chunk's longest prompt."""
    tensors = {
        name: conditions.padded(name, int(conditions.lengths[name].max())) if name in conditions.lengths else tensor
        for name, tensor in conditions.tensors.items()
    }
    save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, path)
    mapped = load_file(path)
    path.unlink()
    return Conditions(mapped, conditions.lengths)


def _with_length(tensor: torch.Tensor, length: int) -> torch.Tensor:
    """`[P, length, ...]` of a tensor `[P, L, ...]`."""
    if tensor.shape[1] >= length:
        return tensor[:, :length]
    return pad(tensor, (0, 0) * (tensor.ndim - 2) + (0, length - tensor.shape[1]))
