"""Who may open the addresses of the catalogue."""

from django.db.models import QuerySet

from catalog.contents import prompts_content
from catalog.models import Item, PromptText, Version
from catalog.services import add_version, create_item
from teams.models import Team
from tests.platform.access import SIGNED_IN, TEAM, WRITERS, Access
from tests.platform.lab import Lab

ITEM = {"item_id": "item"}
FIRST = {**ITEM, "number": "first"}
KIND = {"kind": "kind"}
# The stranger owns a team of their own, so may make something of it there; not with what the team's run has.
NEW = (302, 200, 403, 200, 200)
WRITERS_DO = (302, 404, 403, 302, 302)

ACCESS = {
    "catalogue": [Access(SIGNED_IN)],
    "catalogue_new": [
        Access(NEW, kwargs=KIND),
        Access((302, 404, 403, 200, 200), kwargs={"kind": "rewards"}, query="?run={run}"),
        # It is not theirs to choose.
        Access((302, 422, 403, 302, 302), kwargs=KIND, post={"name": "New", "team": "{team}", "text": "a cat"}),
    ],
    "catalogue_check": [
        Access((302, 200, 200, 200, 200), kwargs=KIND, post={"text": "a cat"}),
        Access((302, 405, 405, 405, 405), kwargs=KIND),
    ],
    "catalogue_sandbox": [Access(WRITERS_DO, kwargs={"team_id": "team"}, post={})],
    "catalogue_item": [Access(TEAM, kwargs=ITEM)],
    "catalogue_edit": [Access(WRITERS, kwargs=ITEM), Access(WRITERS_DO, kwargs=ITEM, post={"text": "a third cat"})],
    "catalogue_archive": [Access(WRITERS_DO, kwargs=ITEM, post={"archived": "1"})],
    "catalogue_difference": [Access(TEAM, kwargs=ITEM, query="?before=1&after=2")],
    "catalogue_file": [Access(TEAM, kwargs=FIRST)],
    "catalogue_delete": [Access(WRITERS_DO, kwargs=FIRST, post={})],
}


def make_things(lab: Lab) -> dict:
    item = create_item(lab.owner, lab.team, "Cats", prompts_content("a cat")).item
    add_version(lab.owner, item, prompts_content("a cat\nanother cat"))
    return {"item": item.id, "first": 1, "kind": "prompts", "rewards": "rewards"}


def rows_of(team: Team) -> list[QuerySet]:
    return [
        Item.objects.filter(team=team),
        Version.objects.filter(item__team=team),
        PromptText.objects.filter(version__item__team=team),
    ]
