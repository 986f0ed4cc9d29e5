"""What the pages on configuration and recipes name is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import FOLDER, list_recipes

DOCS = Path(__file__).parents[2] / "docs"
BLOCKS = set(RunConfig.model_fields)


def fields(schema: dict, definitions: dict, path: str = "") -> Iterator[str]:
    """Every dotted path of the configuration, variants of a union under the union's own name."""
    for name, field in schema.get("properties", {}).items():
        here = f"{path}{name}"
        yield here
        options = [field, *field.get("anyOf", []), *field.get("oneOf", [])]
        for option in options:
            if "$ref" in option:
                yield from fields(definitions[option["$ref"].rsplit("/", 1)[1]], definitions, f"{here}.")


SCHEMA = RunConfig.model_json_schema()
KNOWN = set(fields(SCHEMA, SCHEMA["$defs"]))


@pytest.mark.parametrize("file", ["configuration.md", "metrics.md"])
def test_every_knob_that_a_page_names_exists(file):
    text = (DOCS / file).read_text(encoding="utf-8")
    dotted = re.findall(r"`([a-z_]+(?:\.[a-z_0-9]+)+)(?::[^`]*)?`", text)
    named = {name for name in dotted if name.split(".")[0] in BLOCKS}
    assert named and named <= KNOWN, named - KNOWN


def test_every_recipe_and_part_that_the_page_names_exists():
    text = (DOCS / "recipes.md").read_text(encoding="utf-8")
    names = {recipe.name for recipe in list_recipes()} | {path.stem for path in (FOLDER / "parts").glob("*.yaml")}
    named = set(re.findall(r"\b(?:sandbox|sd3\.5|flux2-klein|flux1)-[a-z0-9.-]+[a-z0-9]", text))
    named |= {base for bases in re.findall(r"base: \[(.+)\]", text) for base in bases.split(", ")}
    assert named <= names, named - names
    for ending in re.findall(r"`(-[a-z0-9-]+)`", text):
        assert any(ending in f"{name}-" for name in names), ending
