import pytest
import torch

from flowdppo_engine.prompts import load_prompts
from flowdppo_engine.sandbox.pretraining.autoencoder import build_autoencoder
from flowdppo_engine.sandbox.pretraining.flow import FlowModel
from flowdppo_engine.sandbox.pretraining.run import assemble
from flowdppo_engine.sandbox.pretraining.text import MAX_TOKENS, build_tokenizer, encode_tokens, tokenize


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer()


@pytest.mark.parametrize("name", ["train", "in_domain", "out_of_domain"])
def test_each_word_of_each_prompt_is_one_token_and_all_fit(tokenizer, name):
    for prompt in load_prompts(f"sandbox:{name}"):
        words = prompt.text.replace(",", " ,").split()
        ids = tokenizer(prompt.text).input_ids
        assert len(ids) == len(words) + 2 <= MAX_TOKENS
        assert tokenizer.decode(ids, skip_special_tokens=True).split() == words


def test_the_tokenizer_survives_the_disk(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    texts = ["two red circles, one blue square", "a green triangle left of a yellow circle"]
    assert torch.equal(tokenize(type(tokenizer).from_pretrained(tmp_path), texts), tokenize(tokenizer, texts))


def test_training_encodes_as_the_pipeline_does(tokenizer):
    torch.manual_seed(0)
    model = FlowModel(tokenizer).eval()
    texts = ["three red circles and one blue square", "one green triangle"]
    tokens, pooled = encode_tokens((model.text_encoder, model.text_encoder_2), tokenize(tokenizer, texts))
    pipeline = assemble(model, tokenizer, build_autoencoder())
    with torch.no_grad():
        expected, _, expected_pooled, _ = pipeline.encode_prompt(
            texts, None, None, do_classifier_free_guidance=False, max_sequence_length=1
        )
    torch.testing.assert_close(tokens, expected)
    torch.testing.assert_close(pooled, expected_pooled)
