import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import (
    FAMILIES,
    FOLDER,
    Recipe,
    apply_overrides,
    dump_config,
    list_recipes,
    load_recipe,
    merge,
    read_config,
    read_fields,
    recipes_by_family,
    write_config,
)

REPOSITORY = Path(__file__).parents[2]
NAMES = [recipe.name for recipe in list_recipes()]


def test_torch_is_not_loaded():
    modules = "config, config_errors, events, errors, prompts, recipes, console, cli, training.stopping"
    imports = "; ".join(f"import flowdppo_engine.{module}" for module in modules.split(", "))
    code = f"{imports}; import sys; assert 'torch' not in sys.modules, 'torch was loaded'"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY)


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_is_valid(name):
    load_recipe(name)


def test_every_recipe_says_what_it_is():
    for recipe in list_recipes():
        for words in (recipe.description, recipe.method, recipe.origin, recipe.family):
            assert words.strip() and "\n" not in words, recipe.name
        assert recipe.description.endswith("."), recipe.name
    assert len(set(NAMES)) == len(NAMES)


def test_recipes_come_by_family_the_sandbox_first():
    families = recipes_by_family()
    assert list(families)[:4] == ["Sandbox", "SD3.5-M", "FLUX.2-klein-base-9B", "FLUX.1-dev"]
    assert [recipe for some in families.values() for recipe in some] == list_recipes()
    assert families["Sandbox"][0] == Recipe(
        "sandbox-flow-dppo", "Sandbox", "Flow-DPPO", "paper, translated",
        "Flow-DPPO, Flow-SDE sampler; learns on two CPU cores.",
    )  # fmt: skip


def test_no_file_of_recipes_is_left_out():
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(FAMILIES)


def test_every_part_is_used_and_says_in_a_comment_what_it_is():
    used = set()

    def follow(bases):
        for base in [bases] if isinstance(bases, str) else bases:
            path = FOLDER / "parts" / f"{base}.yaml"
            if path.exists():
                used.add(base)
                follow(yaml.safe_load(path.read_text()).get("base", []))

    for family in FAMILIES:
        for recipe in yaml.safe_load((FOLDER / f"{family}.yaml").read_text())["recipes"].values():
            follow(recipe["base"])
    parts = list((FOLDER / "parts").glob("*.yaml"))
    assert used == {path.stem for path in parts} and not used & set(NAMES)
    assert all(path.read_text(encoding="utf-8").startswith("# ") for path in parts)


def test_the_methods_are_there_for_the_sandbox_and_the_models_of_the_paper():
    methods = (
        *("flow-dppo", "flow-dppo-cps", "flow-grpo", "flow-cps"),
        *("grpo-guard", "dance-grpo", "mix-grpo", "diffusion-nft"),
    )
    for family in ("sandbox", "sd3.5", "flux2-klein", "flux1"):
        assert {f"{family}-{method}" for method in methods} <= set(NAMES)
    controls = ("predictive", "symmetric-mask", "kl-penalty", "adaptive-clip", "no-trust-region", "smoke")
    assert {f"sandbox-{control}" for control in controls} <= set(NAMES)


def test_an_unknown_recipe_is_told_with_those_there_are():
    with pytest.raises(ValueError, match="recipe 'nope' does not exist; choose one of .*sandbox-flow-dppo"):
        load_recipe("nope")


def test_merge_goes_block_by_block():
    assert merge({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 9}}) == {"a": {"b": 9, "c": 2}, "d": 3}


def test_a_block_of_another_kind_starts_afresh():
    base = {"trust_region": {"name": "divergence_mask", "asymmetric": True}}
    assert merge(base, {"trust_region": {"name": "none"}}) == {"trust_region": {"name": "none"}}
    assert merge(base, {"trust_region": {"asymmetric": False}})["trust_region"]["name"] == "divergence_mask"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("seed=3", {"seed": 3, "rewards": [{"weight": 1}]}),
        ("optimizer.lr=1.0e-4", {"optimizer": {"lr": 1e-4}, "rewards": [{"weight": 1}]}),
        ("rewards.0.weight=2", {"rewards": [{"weight": 2}]}),
        ("rewards=[]", {"rewards": []}),
        ("model.revision=null", {"model": {"revision": None}, "rewards": [{"weight": 1}]}),
        ("prompts.train=a=b.jsonl", {"prompts": {"train": "a=b.jsonl"}, "rewards": [{"weight": 1}]}),
    ],
)
def test_overrides(override, expected):
    fields = {"rewards": [{"weight": 1}]}
    assert apply_overrides(fields, [override]) == expected
    assert fields == {"rewards": [{"weight": 1}]}


def test_exponents_without_a_point_are_numbers_too():
    config = RunConfig.model_validate(apply_overrides({}, ["optimizer.lr=1e-4"]))
    assert config.optimizer.lr == 1e-4


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed", "write it as a.b=c"),
        ("=3", "write it as a.b=c"),
        ("seed=[", "is not YAML"),
        ("rewards.5.weight=1", "the list has no entry 5; it has 1"),
        ("rewards.first.weight=1", "the list has no entry first"),
    ],
)
def test_overrides_that_make_no_sense(override, message):
    with pytest.raises(ValueError, match=message):
        apply_overrides({"rewards": [{"weight": 1}]}, [override])


def test_a_written_config_reads_back_whole(tmp_path):
    config = load_recipe("sandbox-flow-cps")
    write_config(config, tmp_path / "config.yaml")
    assert read_config(tmp_path / "config.yaml") == config
    assert yaml.safe_load(dump_config(config))["rollout"]["dynamics"] == {"name": "cps", "noise_level": 0.8}
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize(
    ("content", "message"), [(None, "cannot be read"), ("- a list", "no mapping"), ("a: [", "is not YAML")]
)
def test_a_file_that_is_no_configuration(tmp_path, content, message):
    path = tmp_path / "config.yaml"
    if content:
        path.write_text(content)
    with pytest.raises(ValueError, match=message):
        read_fields(path)
