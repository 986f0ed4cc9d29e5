import math

import pytest
import torch
from transformers import AutoTokenizer, Qwen3VLForConditionalGeneration, Qwen3VLModel
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from flowdppo_engine.config import GenEval2Config
from flowdppo_engine.prompts import Prompt, Question
from flowdppo_engine.rewards.registry import make_reward
from tests.flowdppo_engine.rewards.tiny_networks import as_pictures, make_images

BICYCLES = Prompt(
    "four white bicycles in front of a cow",
    (
        Question("How many bicycles are in the image?", "four"),
        Question("Are the bicycles white?", "Yes"),
        Question("Are there any bicycles in the image?", "Yes"),
        Question("Are the bicycles in front of the cow?", "Yes"),
        Question("How many cows are in the image?", "one"),
    ),
    ("count", "attribute", "object", "position", "count"),
    atom_count=4,
)
CATS = Prompt(
    "ten cats",
    (Question("How many cats are in the image?", "ten"), Question("Are there any cats in the image?", "Yes")),
    ("count", "object"),
    atom_count=3,
)
UNSORTED = Prompt("a dog", (Question("Is there a dog?", "Yes"),))
PROMPTS = [BICYCLES, CATS, UNSORTED]
FIRST_BYTES = {"four": "fF 4", "one": "oO 1", "ten": "tT 1", "Yes": "yY "}


@pytest.fixture(scope="module")
def images():
    torch.manual_seed(3)
    return make_images(3, height=24, width=32)


@pytest.fixture(scope="module")
def expected(qwen3_vl_folder, images):
    """By prompt and question: one question after the other, without padding, from the whole distribution."""
    network = Qwen3VLForConditionalGeneration.from_pretrained(qwen3_vl_folder, dtype=torch.float32).eval()
    image_processor = Qwen2VLImageProcessorPil.from_pretrained(qwen3_vl_folder)
    tokenizer = AutoTokenizer.from_pretrained(qwen3_vl_folder)
    answers = []
    for picture, prompt in zip(as_pictures(images), PROMPTS, strict=True):
        vision = image_processor(picture, return_tensors="pt")
        num_tokens = int(vision["image_grid_thw"].prod()) // 4
        for question in prompt.questions:
            image = f"<|vision_start|>{'<|image_pad|>' * num_tokens}<|vision_end|>"
            asked = f"<|im_start|>user\n{image}{question.text} Answer in one word.<|im_end|>\n<|im_start|>assistant\n"
            ids = tokenizer(asked, return_tensors="pt")["input_ids"]
            kinds = (ids == network.config.image_token_id).int()
            with torch.no_grad():
                logits = network(input_ids=ids, mm_token_type_ids=kinds, **vision).logits[0, -1].double()
            distribution = logits.exp() / logits.exp().sum()
            tokens = [tokenizer.encode(letter)[0] for letter in FIRST_BYTES[question.answer]]
            answers.append(sum(distribution[token].item() for token in tokens))
    return answers[:5], answers[5:7], answers[7:]


@pytest.fixture
def make_geneval2(qwen3_vl_folder):
    return lambda **changes: make_reward(GenEval2Config(source=str(qwen3_vl_folder), dtype="float32", **changes))


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_it_is_a_loop_over_questions_with_the_whole_softmax(images, expected, make_geneval2, batch_size):
    scores = make_geneval2(batch_size=batch_size).measure(images, PROMPTS).scores
    am = [100 * sum(p) / len(p) for p in expected]
    gm = [100 * math.prod(p) ** (1 / len(p)) for p in expected]
    assert scores["geneval2_am"].tolist() == pytest.approx(am, rel=1e-5)
    assert scores["geneval2_gm"].tolist() == pytest.approx(gm, rel=1e-5)
    # The random network's answers depend on picture and question, so a mixed-up order would have shown.
    assert max(p for prompt in expected for p in prompt) > 2 * min(p for prompt in expected for p in prompt)


@pytest.mark.parametrize("aggregation", ["am", "gm"])
def test_the_reward_is_the_chosen_mean_in_0_to_1(images, make_geneval2, aggregation):
    measured = make_geneval2(aggregation=aggregation).measure(images, PROMPTS)
    assert torch.allclose(100 * measured.reward, measured.scores[f"geneval2_{aggregation}"])
    assert torch.equal(measured.scores["geneval2"], measured.scores[f"geneval2_{aggregation}"])


def test_each_skill_has_the_arithmetic_mean_of_its_answers(images, expected, make_geneval2):
    scores = make_geneval2().measure(images, PROMPTS).scores
    bicycles, cats, _ = expected
    by_skill = {
        "count": [50 * (bicycles[0] + bicycles[4]), 100 * cats[0], math.nan],
        "attribute": [100 * bicycles[1], math.nan, math.nan],
        "object": [100 * bicycles[2], 100 * cats[1], math.nan],
        "position": [100 * bicycles[3], math.nan, math.nan],
        "verb": [math.nan] * 3,
    }
    for skill, values in by_skill.items():
        assert scores[f"geneval2_skill_{skill}"].tolist() == pytest.approx(values, rel=1e-4, nan_ok=True)


def test_each_atom_count_has_the_geometric_mean_of_its_prompts(images, make_geneval2):
    """By the file's own count: the five questions of the first prompt test four atoms, for `a` is none."""
    scores = make_geneval2().measure(images, PROMPTS).scores
    gm = scores["geneval2_gm"].tolist()
    assert scores["geneval2_atoms_4"].tolist() == pytest.approx([gm[0], math.nan, math.nan], nan_ok=True)
    assert scores["geneval2_atoms_3"].tolist() == pytest.approx([math.nan, gm[1], math.nan], nan_ok=True)
    assert all(scores[f"geneval2_atoms_{count}"].isnan().all() for count in range(5, 11))


def test_the_same_scores_are_logged_whatever_the_prompts(images, make_geneval2):
    reward = make_geneval2()
    names = [list(reward.measure(images[:1], [prompt]).scores) for prompt in PROMPTS]
    assert names[0] == names[1] == names[2] and len(names[0]) == 3 + 5 + 8


def test_the_picture_matters(images, make_geneval2):
    reward = make_geneval2()
    first, second = (reward.measure(images[i : i + 1], [CATS]).reward.item() for i in (0, 1))
    assert abs(first - second) > 1e-4


def test_a_picture_is_looked_at_once_however_much_is_asked_of_it(images, make_geneval2, monkeypatch):
    looked, image_features = [], Qwen3VLModel.get_image_features

    def counted(network, pixel_values, image_grid_thw, **options):
        looked.append(len(image_grid_thw))
        return image_features(network, pixel_values, image_grid_thw, **options)

    monkeypatch.setattr(Qwen3VLModel, "get_image_features", counted)
    make_geneval2(batch_size=2).measure(images, PROMPTS)
    assert looked == [2, 1]
