"""Named recipes."""

from django.http import Http404, HttpRequest
from ninja import Router

from api.schemas import RecipeDetail, RecipeOut
from flowdppo_engine.recipes import find_recipe, list_recipes, load_recipe

router = Router(tags=["Configurations"])


@router.get("/recipes", response=list[RecipeOut])
def recipes(request: HttpRequest):
    """Every recipe, by model family."""
    return [RecipeOut.of(recipe) for recipe in list_recipes()]


@router.get("/recipes/{name}", response=RecipeDetail)
def recipe(request: HttpRequest, name: str):
    """A recipe with its whole configuration."""
    try:
        found = find_recipe(name)
    except ValueError as error:
        raise Http404(str(error)) from error
    return RecipeDetail.of(found, config=load_recipe(name).model_dump(mode="json"))
