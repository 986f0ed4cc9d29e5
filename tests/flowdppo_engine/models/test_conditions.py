from pathlib import Path

import pytest
import torch

from flowdppo_engine.models.conditions import ENCODE_BATCH, Conditions, ConditionStore

CPU = torch.device("cpu")


class CountingEncoder:
    """Encodes a text as its length, and as one place a letter."""

    def __init__(self):
        self.batches = []

    def __call__(self, texts):
        self.batches.append(list(texts))
        letters = Conditions.ragged("letters", [torch.tensor([[ord(letter)] for letter in text]) for text in texts])
        size = torch.tensor([[float(len(text))] for text in texts])
        return Conditions({"size": size, **letters.tensors}, letters.lengths)


@pytest.fixture
def encode(tmp_path):
    return lambda texts: ConditionStore.encode(CountingEncoder(), texts, tmp_path)


@pytest.fixture
def kept_files(monkeypatch):
    """The store's files keep their names, to be looked into."""
    monkeypatch.setattr(Path, "unlink", lambda path: None)


def test_each_unique_prompt_is_encoded_once(tmp_path):
    encoder = CountingEncoder()
    store = ConditionStore.encode(encoder, ["aa", "b", "aa", "cccc", "b"], tmp_path)
    assert encoder.batches == [["aa", "b", "cccc"]]
    assert store.get(["cccc", "aa", "aa"], CPU)["size"].flatten().tolist() == [4, 2, 2]


def test_chunks_and_progress(tmp_path):
    encoder, told = CountingEncoder(), []
    texts = [f"{i}" for i in range(ENCODE_BATCH + 3)]
    ConditionStore.encode(encoder, texts, tmp_path, lambda done, total: told.append((done, total)))
    assert [len(batch) for batch in encoder.batches] == [ENCODE_BATCH, 3]
    assert told == [(0, len(texts)), (ENCODE_BATCH, len(texts)), (len(texts), len(texts))]


def test_prompts_come_back_from_any_chunk_in_the_order_asked(encode):
    texts = [f"{i:03d}" for i in range(3 * ENCODE_BATCH)]
    asked = [texts[70], texts[0], texts[40], texts[70]]
    letters = encode(texts).get(asked, CPU)["letters"]
    assert ["".join(map(chr, row.flatten().tolist())) for row in letters] == asked


def test_a_prompt_that_was_not_encoded_is_an_error(encode):
    with pytest.raises(KeyError):
        encode(["a"]).get(["b"], CPU)


def test_ragged_prompts_are_as_long_as_the_longest_of_the_run(encode):
    """Whatever stands beside them, and in whichever chunk: in bf16, tensors of another shape give other numbers."""
    short = [f"{i:02d}" for i in range(ENCODE_BATCH)]
    store = encode([*short, "a longer one"])
    alone, beside = store.get(["01"], CPU), store.get(["a longer one", "01"], CPU)
    assert alone["letters"].shape == (1, len("a longer one"), 1)
    assert torch.equal(alone["letters"][0], beside["letters"][1])
    assert beside.lengths["letters"].tolist() == [12, 2]
    assert beside["letters"][1, 2:].abs().sum() == 0


def test_ragged_prompts_are_stored_without_their_padding(tmp_path, kept_files):
    def encode(texts):
        return Conditions({"embeds": torch.ones(len(texts), 512, 4)}, {"embeds": torch.tensor([3] * len(texts))})

    store = ConditionStore.encode(encode, ["a", "b"], tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 1000
    assert store.get(["a"], CPU)["embeds"].shape == (1, 3, 4)


def test_mask_and_padding_of_ragged_tensors():
    conditions = Conditions.ragged("embeds", [torch.ones(1, 2), torch.ones(3, 2)]).take(torch.tensor([1, 0, 0]))
    assert conditions.mask("embeds").tolist() == [[True] * 3, [True, False, False], [True, False, False]]
    assert conditions.padded("embeds", 5).sum(dim=(1, 2)).tolist() == [6, 2, 2]
    assert conditions.padded("embeds", 5).shape == (3, 5, 2)
    assert conditions.padded("embeds", 2).sum(dim=(1, 2)).tolist() == [4, 2, 2]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_every_bit_survives_the_file(tmp_path, dtype):
    tensor = torch.randn(5, 7, 3).to(dtype)
    texts = [f"{i}" for i in range(5)]
    store = ConditionStore.encode(lambda texts: Conditions({"embeds": tensor}), texts, tmp_path)
    assert torch.equal(store.get(texts, CPU)["embeds"], tensor)


def test_encoding_again_gives_the_same_bits(tmp_path, kept_files):
    """A resumed run gets those of the one before it."""
    texts = [f"{i}" * (1 + i % 7) for i in range(40)]
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
        ConditionStore.encode(CountingEncoder(), texts, folder)
    first, second = ({file.name: file.read_bytes() for file in folder.iterdir()} for folder in folders)
    assert first == second and len(first) == 2


def test_nothing_is_left_in_the_folder(tmp_path):
    """Also where the process is killed: no file outlives it."""
    store = ConditionStore.encode(CountingEncoder(), [f"{i}" for i in range(70)], tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert store.get(["69"], CPU)["letters"].flatten().tolist() == [ord("6"), ord("9")]


def test_the_disk_holds_the_prompts_and_memory_what_is_asked_for(tmp_path):
    """128 MiB on disk, of which one prompt of 1 MiB is read."""

    def encode(texts):
        return Conditions({"embeds": torch.ones(len(texts), 256, 1024)})

    before = _own_memory()
    store = ConditionStore.encode(encode, [f"{i}" for i in range(128)], tmp_path)
    assert store.get(["100"], CPU)["embeds"].sum() == 256 * 1024
    assert _own_memory() - before < 64 * 2**20


def _own_memory() -> int:
    """Bytes that this process holds and no file backs: what the system cannot take back."""
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("RssAnon"))
