import pytest
import torch

from flowdppo_engine.models.conditions import ENCODE_BATCH, Conditions, ConditionStore

CPU = torch.device("cpu")


class CountingEncoder:
    def __init__(self):
        self.batches = []

    def __call__(self, texts):
        self.batches.append(list(texts))
        return Conditions({"length": torch.tensor([[float(len(text))] for text in texts])})


def test_each_unique_prompt_is_encoded_once():
    encoder = CountingEncoder()
    store = ConditionStore.encode(encoder, ["aa", "b", "aa", "cccc", "b"])
    assert encoder.batches == [["aa", "b", "cccc"]]
    assert store.get(["cccc", "aa", "aa"], CPU)["length"].flatten().tolist() == [4, 2, 2]


def test_chunks_and_progress():
    encoder, told = CountingEncoder(), []
    texts = [f"{i}" for i in range(ENCODE_BATCH + 3)]
    ConditionStore.encode(encoder, texts, lambda done, total: told.append((done, total)))
    assert [len(batch) for batch in encoder.batches] == [ENCODE_BATCH, 3]
    assert told == [(0, len(texts)), (ENCODE_BATCH, len(texts)), (len(texts), len(texts))]


def test_a_prompt_that_was_not_encoded_is_an_error():
    with pytest.raises(KeyError):
        ConditionStore.encode(CountingEncoder(), ["a"]).get(["b"], CPU)
