import io

import pytest
from rich.console import Console

from flowdppo_engine.config import RunConfig
from flowdppo_engine.planning.report import print_plan
from flowdppo_engine.recipes import load_recipe, merge, recipe_fields


def told(config: RunConfig) -> str:
    console = Console(file=io.StringIO(), width=140)
    print_plan(config, console)
    return console.file.getvalue()


def unwrapped(text: str) -> str:
    return " ".join(text.split())


def row(text: str, name: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.strip("│ ").startswith(name))
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_cost_and_memory_of_the_sandbox():
    text = told(load_recipe("sandbox-flow-dppo"))
    assert row(text, "update") == ["update", "–", "1,024", "2,048", "32.1 %"]
    assert row(text, "evaluations")[1] == "16,384"
    assert "512 images and 2 optimizer steps an iteration; 46,080 and 180 over 90 iterations." in unwrapped(text)
    assert "The shared start of a group saves" in text
    assert row(text, "LoRA and its gradient")[2] == "780.0 KiB"
    assert row(text, "Training device, while training")[2].endswith("MiB")
    assert "reference" not in text and "Warning" not in text


@pytest.mark.parametrize("name", ["sd3.5-flow-dppo", "wan-flow-dppo"])
def test_what_is_not_known_yet_is_said(name):
    text = told(load_recipe(name))
    assert row(text, "weights")[2] == "not known yet"
    assert "The model is not on this machine" in unwrapped(text)
    assert ("videos" in text) == name.startswith("wan")


def test_warnings_come_last():
    config = RunConfig.model_validate(merge(recipe_fields("sandbox-flow-dppo"), {"ema": {"decay": 0}}))
    assert told(config).splitlines()[-1].startswith("Warning: ema.decay = 0:")
