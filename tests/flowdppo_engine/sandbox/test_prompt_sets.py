import numpy as np

from flowdppo_engine.prompts import load_prompts
from flowdppo_engine.sandbox.checker import answer_questions
from flowdppo_engine.sandbox.grammar import parse_question
from flowdppo_engine.sandbox.prompt_sets import SIZES, make_prompt_sets


def test_the_files_are_what_the_code_makes():
    for name, prompts in make_prompt_sets().items():
        assert load_prompts(f"sandbox:{name}") == prompts
        assert len(prompts) == SIZES[name]


def test_no_held_out_prompt_is_trained_on():
    sets = {name: {prompt.text for prompt in prompts} for name, prompts in make_prompt_sets().items()}
    assert not sets["train"] & (sets["in_domain"] | sets["out_of_domain"])
    assert all(len(sets[name]) == size for name, size in SIZES.items())


def test_out_of_domain_is_half_positions_and_half_colour_binding():
    prompts = load_prompts("sandbox:out_of_domain")
    positions = ["position" in prompt.skills for prompt in prompts]
    assert np.mean(positions[:256]) == 0.5
    assert not any("position" in prompt.skills for prompt in load_prompts("sandbox:train"))


def test_every_question_can_be_asked():
    import torch

    blank = torch.ones(1, 3, 64, 64)
    for name in SIZES:
        for prompt in load_prompts(f"sandbox:{name}"):
            assert all(parse_question(question) for question in prompt.questions)
        assert answer_questions(blank, [prompt])[0].shape == (len(prompt.questions),)
