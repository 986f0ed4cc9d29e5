"""Named recipes, configuration files and `a.b=c` overrides. Torch-free.

`recipes/FAMILY.yaml` holds the recipes of a model family by name. Each says what it is (`description`), by which
`method`, where it comes from (`origin`), on what it is built (`base`: recipes, or parts in `recipes/parts/`, each on
top of the one before), and the fields of RunConfig that it changes. So no number stands twice.
"""

from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from flowdppo_engine.config import RunConfig

FOLDER = Path(__file__).parent / "recipes"
FAMILIES = ("sandbox", "sd3.5-medium", "flux2-klein", "flux1-dev", "qwen-image", "z-image", "wan")
ABOUT = ("description", "method", "origin", "family")


@dataclass(frozen=True)
class Recipe:
    """A recipe in words. `origin` is where its numbers are from: a table of the paper, another paper, or ours."""

    name: str
    family: str
    method: str
    origin: str
    description: str


def list_recipes() -> list[Recipe]:
    """Every recipe, the sandbox's first, then by model family as their files have them."""
    return [find_recipe(name) for name in _written_recipes()]


def find_recipe(name: str) -> Recipe:
    """Raises ValueError for a name that is no recipe."""
    _check_name(name)
    return Recipe(name, **{key: value for key, value in _gather(name).items() if key in ABOUT})


def recipes_by_family() -> dict[str, list[Recipe]]:
    """The recipes as list_recipes has them, by the name of their family."""
    return {family: list(some) for family, some in groupby(list_recipes(), key=lambda recipe: recipe.family)}


def load_recipe(name: str) -> RunConfig:
    """Raises ValueError for a name that is no recipe."""
    return RunConfig.model_validate(recipe_fields(name))


def recipe_fields(name: str) -> dict[str, Any]:
    """The recipe's fields on top of those of its bases. Raises ValueError as load_recipe."""
    _check_name(name)
    return {key: value for key, value in _gather(name).items() if key not in ABOUT}


def merge(fields: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`fields` with `changes` on top, block by block. A block that is given another `name` starts afresh."""
    merged = dict(fields)
    for key, value in changes.items():
        old = merged.get(key)
        same_kind = isinstance(old, dict) and isinstance(value, dict) and _kind(value, old) == _kind(old, value)
        merged[key] = merge(old, value) if same_kind else value
    return merged


def apply_overrides(fields: dict[str, Any], overrides: list[str]) -> dict[str, Any]:
    """`fields` with each `a.b=c` set; `c` is YAML. A list's entry is named by its index: `rewards.0.weight=2`.

    Raises ValueError for an override without `=`, with unreadable YAML, or of an entry that a list does not have.
    """
    for override in overrides:
        path, separator, text = override.partition("=")
        if not separator or not path:
            raise ValueError(f"--set {override}: write it as a.b=c.")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(f"--set {override}: {text!r} is not YAML: {error}") from error
        fields = _with_value(fields, path.split("."), value, override)
    return fields


def read_fields(path: Path) -> dict[str, Any]:
    """The fields of a configuration file. Raises ValueError where it is missing or no YAML mapping."""
    try:
        return _read_yaml(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not YAML: {error}") from error


def read_config(path: Path) -> RunConfig:
    """Raises ValueError (pydantic's ValidationError is one) where the file holds no valid configuration."""
    return RunConfig.model_validate(read_fields(path))


def dump_config(config: RunConfig) -> str:
    """The whole configuration as YAML, defaults included."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)


def write_config(config: RunConfig, path: Path) -> None:
    """Write the whole configuration; a process killed meanwhile leaves no half of it."""
    staging = path.with_name(f".{path.name}.staging")
    staging.write_text(dump_config(config), encoding="utf-8")
    staging.rename(path)


def _check_name(name: str) -> None:
    if name not in _written_recipes():
        raise ValueError(f"recipe {name!r} does not exist; choose one of {', '.join(_written_recipes())}.")


@cache
def _gather(name: str) -> dict[str, Any]:
    """Everything that a recipe or part says on top of its bases, in words and in fields; not to be changed."""
    written = dict(_written_recipes().get(name) or _read_yaml(FOLDER / "parts" / f"{name}.yaml"))
    bases, fields = written.pop("base", []), {}
    for base in [bases] if isinstance(bases, str) else bases:
        fields = merge(fields, _gather(base))
    return merge(fields, written)


@cache
def _written_recipes() -> dict[str, dict[str, Any]]:
    """Each recipe as it is written, by name, with its family."""
    recipes = {}
    for family in FAMILIES:
        group = _read_yaml(FOLDER / f"{family}.yaml")
        recipes |= {name: {**recipe, "family": group["family"]} for name, recipe in group["recipes"].items()}
    return recipes


def _kind(block: dict[str, Any], other: dict[str, Any]) -> Any:
    return block.get("name", other.get("name"))


def _with_value(node: Any, path: list[str], value: Any, override: str) -> Any:
    """A copy of `node` with `value` at `path`; blocks that are missing are made."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(node, list):
        if not key.isdigit() or int(key) >= len(node):
            raise ValueError(f"--set {override}: the list has no entry {key}; it has {len(node)}, counted from 0.")
        return [_with_value(old, rest, value, override) if i == int(key) else old for i, old in enumerate(node)]
    fields = dict(node) if isinstance(node, dict) else {}
    fields[key] = _with_value(fields.get(key), rest, value, override)
    return fields


def _read_yaml(path: Path) -> dict[str, Any]:
    fields = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(fields, dict):
        raise ValueError(f"{path} is no mapping of fields to values.")
    return fields
