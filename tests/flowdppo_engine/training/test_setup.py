import pytest

from flowdppo_engine.errors import BadConfig
from flowdppo_engine.policy.trust_regions import DivergenceMask, RatioClip, Unconstrained
from flowdppo_engine.training.objectives.build import trust_region_of
from flowdppo_engine.training.setup import PromptSets

DIMS = 256


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"threshold": {"value": 1e-3}}, DivergenceMask(1e-3)),
        (
            {"threshold": {"value": 0.256, "scale": "nats"}, "asymmetric": False},
            DivergenceMask(1e-3, asymmetric=False),
        ),
        ({"name": "ratio_clip", "clip_range": 2e-4}, RatioClip(2e-4)),
        ({"name": "none"}, Unconstrained()),
    ],
)
def test_trust_region_is_the_configs_with_its_threshold_as_a_mean(make_config, fields, expected):
    assert trust_region_of(make_config(trust_region=fields), DIMS) == expected


def test_total_variation_is_converted_too(make_config):
    mask = trust_region_of(make_config(trust_region={"threshold": {"value": 0.1, "scale": "tv"}}), DIMS)
    # TV = 2 Phi(sqrt(KL / 2)) - 1 = 0.1 at KL = 0.03158 nats.
    assert mask.threshold * DIMS == pytest.approx(0.03158, rel=1e-3)


def test_only_prompts_that_come_up_are_encoded(make_config, make_ingredients):
    config = make_config(
        iterations=1, rollout={"groups_per_iteration": 2}, evaluation={"num_prompts": 1}, samples={"num_prompts": 1}
    )
    ingredients = make_ingredients(config)
    used = {ingredients.prompts.train[i].text for i in ingredients.schedule.prompts_of(0)}
    used.add(ingredients.prompts.train[0].text)
    assert set(ingredients.store._places) == used and len(used) < len(ingredients.prompts.train)


def test_evaluation_takes_the_head_of_each_set(make_config):
    prompts = PromptSets.load(make_config(evaluation={"num_prompts": 2}))
    assert [len(some) for some in prompts.evaluation.values()] == [2] and len(prompts.train) == 6
    assert prompts.samples == prompts.train[:2]


def test_samples_come_from_the_training_set_where_nothing_is_evaluated(make_config):
    prompts = PromptSets.load(make_config(evaluation={"prompt_sets": []}))
    assert prompts.samples == prompts.train


def test_a_missing_set_names_its_field(make_config):
    with pytest.raises(BadConfig, match="prompts.train: prompt set '/no/such.txt' was not found"):
        PromptSets.load(make_config(prompts={"train": "/no/such.txt"}))
