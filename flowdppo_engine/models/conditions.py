"""What the network is told of prompts, and a store on disk that encodes each unique prompt once.

Prompts of different length follow one rule. A text encoder's `[P, L, ...]` whose row i means something only in its
first `lengths[i]` places, with zeros after them, is a ragged tensor; an adapter says so by giving its `lengths`. It
may give them with any L. The store then cuts or pads them all to the longest prompt of the run, so that rollout and
update pass tensors of the same shape whatever prompts a batch holds: in bf16, other shapes give other numbers. So an
adapter never looks at its batch to decide on a shape: it uses L as it comes, with a mask (`Conditions.mask`), or pads
to a length of its own that is the same throughout (`Conditions.padded`). Tensors whose padding the text encoder has
written on, and the network reads, are not ragged.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import pad

ENCODE_BATCH = 32
LENGTHS = "lengths."


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
    """Every prompt of a run, encoded once and kept in files.

    The files are mapped into memory: what is read often stays in the system's page cache, which gives way where memory
    is short, so that a store takes as much memory as there is to spare and no more. On Linux the files may be deleted
    while a store is in use; the disk is freed with the store.

    Args:
        folder: as `write` has filled it with the same texts.
        texts: the prompts of the run; the repeated ones count once.
    """

    def __init__(self, folder: Path, texts: Sequence[str]):
        self._places = {text: divmod(row, ENCODE_BATCH) for row, text in enumerate(dict.fromkeys(texts))}
        self._chunks = [_read(_chunk_file(folder, index)) for index in range(-(-len(self._places) // ENCODE_BATCH))]
        self._longest = {
            name: max(int(chunk.lengths[name].max()) for chunk in self._chunks) for name in self._chunks[0].lengths
        }

    @classmethod
    def encode(
        cls,
        encode_prompts: Callable[[Sequence[str]], Conditions],
        texts: Sequence[str],
        folder: Path,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> "ConditionStore":
        """Encode `texts` into `folder`, which is made.

        It runs in fixed chunks of the unique prompts as listed, so that a resumed run gets the same bits.
        `on_progress` is told how many prompts of how many are done.
        """
        folder.mkdir(parents=True, exist_ok=True)
        unique = list(dict.fromkeys(texts))
        for index, chunk in enumerate(_chunks(unique)):
            on_progress(index * ENCODE_BATCH, len(unique))
            _write(_chunk_file(folder, index), encode_prompts(chunk))
        on_progress(len(unique), len(unique))
        return cls(folder, unique)

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


def _chunks(texts: list[str]) -> Iterator[list[str]]:
    return (texts[start : start + ENCODE_BATCH] for start in range(0, len(texts), ENCODE_BATCH))


def _chunk_file(folder: Path, index: int) -> Path:
    return folder / f"conditions-{index:05d}.safetensors"


def _write(path: Path, conditions: Conditions) -> None:
    """Ragged tensors lose what is beyond the chunk's longest prompt."""
    tensors = {
        name: conditions.padded(name, int(conditions.lengths[name].max())) if name in conditions.lengths else tensor
        for name, tensor in conditions.tensors.items()
    }
    lengths = {LENGTHS + name: value for name, value in conditions.lengths.items()}
    save_file({name: tensor.cpu().contiguous() for name, tensor in (tensors | lengths).items()}, path)


def _read(path: Path) -> Conditions:
    """The file's tensors, mapped and not yet read; the lengths are read, and no longer need the file."""
    stored = load_file(path)
    lengths = {
        name.removeprefix(LENGTHS): stored.pop(name).clone() for name in list(stored) if name.startswith(LENGTHS)
    }
    return Conditions(stored, lengths)


def _with_length(tensor: torch.Tensor, length: int) -> torch.Tensor:
    """`[P, length, ...]` of a tensor `[P, L, ...]`."""
    if tensor.shape[1] >= length:
        return tensor[:, :length]
    return pad(tensor, (0, 0) * (tensor.ndim - 2) + (0, length - tensor.shape[1]))
