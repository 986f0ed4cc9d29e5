"""What draws the pictures of a dry run: the models of the recipes, each once, and those of the team's catalogue."""

from functools import cache

from catalog.contents import summary_of
from catalog.models import Kind, Version
from catalog.selectors import newest_versions, visible_versions
from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import load_recipe, merge, recipe_fields, recipes_by_family
from teams.models import Team, User

VERSION = "version:"
# What of a recipe says how pictures are drawn, and of what.
BLOCKS = ("model", "prompts", "rollout", "evaluation")

Choices = list[tuple[str, list[tuple[str, str]]]]


def choices(user: User, team: Team) -> Choices:
    """Grouped, for a select: a recipe's name, or a version of the catalogue."""
    models = newest_versions(user, team.id).filter(item__kind=Kind.MODEL)
    own = [
        (f"{VERSION}{one.id}", f"{one} ({summary_of(Kind.MODEL, one.content)})") for one in models if _recipe_of(one)
    ]
    return [*([("Catalogue", own)] if own else []), ("Recipes", list(_of_recipes()))]


def fields_of(user: User, choice: str) -> dict:
    """The blocks of a configuration that draw with what was chosen. The choice is one of `choices`."""
    if not choice.startswith(VERSION):
        return _blocks(choice)
    version = visible_versions(user).get(id=choice.removeprefix(VERSION))
    return merge(_blocks(_recipe_of(version)), {"model": version.content})


def _blocks(recipe: str) -> dict:
    """Without the recipe's evaluation sets: they may name files that are not here, and none of them is wanted."""
    fields = {name: block for name, block in recipe_fields(recipe).items() if name in BLOCKS}
    return merge(fields, {"evaluation": {"prompt_sets": []}})


@cache
def _of_recipes() -> tuple[tuple[str, str], ...]:
    """The first recipe of each model, size and guidance."""
    first: dict[tuple, tuple[str, str]] = {}
    for family, recipes in recipes_by_family().items():
        for recipe in recipes:
            config = load_recipe(recipe.name)
            first.setdefault(_drawing(config), (recipe.name, f"{family}: {_describe(config)}"))
    return tuple(first.values())


def _drawing(config: RunConfig) -> tuple:
    return config.model, config.evaluation.guidance_scale, config.evaluation.num_denoising_steps


def _describe(config: RunConfig) -> str:
    height, width = config.model.image_size
    guidance = config.evaluation.guidance_scale
    return ", ".join(
        [
            config.model.source,
            f"{width} × {height} pixels",
            f"{config.evaluation.num_denoising_steps} steps",
            *([f"guidance {guidance:g}"] if guidance != 1 else []),
        ]
    )


def _recipe_of(version: Version) -> str | None:
    """The first recipe for the family of a model of the catalogue."""
    return _first_recipes().get(version.content["family"])


@cache
def _first_recipes() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, _ in _of_recipes():
        found.setdefault(load_recipe(name).model.family, name)
    return found
