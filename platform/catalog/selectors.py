"""What may be read of the catalogue. Everything starts from a user and holds only their teams' rows."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Left

from catalog.contents import as_yaml, summary_of
from catalog.differences import PromptFile, prompt_of
from catalog.models import Item, Kind, PromptText, Use, Version
from catalog.prompt_texts import MAX_LINE
from runs.models import Run
from teams.models import User

PAGE_SIZE = 50
NUM_PREVIEWED = 50


@dataclass(frozen=True)
class Row:
    """An item in a list, with what its newest version holds."""

    item: Item
    summary: str


def visible_items(user: User) -> QuerySet[Item]:
    return Item.objects.filter(team__memberships__user=user).select_related("team")


def visible_items_with_newest(user: User) -> QuerySet[Item]:
    """The same with the number of the newest version (`newest`)."""
    numbers = Version.objects.filter(item=OuterRef("pk")).values("number")[:1]
    return visible_items(user).annotate(newest=Subquery(numbers))


def visible_versions(user: User) -> QuerySet[Version]:
    return Version.objects.filter(item__team__memberships__user=user).select_related("item__team", "created_by")


def visible_uses(user: User) -> QuerySet[Use]:
    """Of versions by runs, newest first."""
    return Use.objects.filter(version__item__team__memberships__user=user).select_related("run", "version__item")


def item_counts(user: User) -> dict[str, int]:
    """How many items of each kind are not archived."""
    rows = visible_items(user).filter(archived_at=None).order_by().values_list("kind").annotate(Count("id"))
    return {kind: 0 for kind in Kind.values} | dict(rows)


def items_after(user: User, kind: str, archived: bool, after: tuple[str, int] | None = None) -> list[Row]:
    """A page of items by name, and one more where there are more; `after` is the name and id of the last one seen."""
    items = visible_items(user).filter(kind=kind, archived_at__isnull=not archived)
    if after:
        items = items.filter(Q(name__gt=after[0]) | Q(name=after[0], id__gt=after[1]))
    newest = Version.objects.filter(item=OuterRef("pk"))
    runs = Use.objects.filter(version__item=OuterRef("pk")).order_by().values("version__item")
    rows = items.order_by("name", "id").annotate(
        number=Subquery(newest.values("number")[:1]),
        content=Subquery(newest.values("content")[:1]),
        changed_at=Subquery(newest.values("created_at")[:1]),
        num_runs=Subquery(runs.annotate(runs=Count("run", distinct=True)).values("runs")),
    )
    return [Row(item, summary_of(item.kind, item.content)) for item in rows[: PAGE_SIZE + 1]]


def versions_of(user: User, item: Item) -> QuerySet[Version]:
    """Newest first, each with the number of runs that it was used by (`num_runs`)."""
    versions = visible_versions(user).filter(item=item).annotate(num_runs=Count("uses__run", distinct=True))
    # Where there is a count, the table's own order does not apply.
    return versions.order_by("-number")


def runs_using(user: User, item: Item, before: int | None = None) -> QuerySet[Use]:
    """Uses of an item's versions, newest first; those before a use where one is given."""
    uses = visible_uses(user).filter(version__item=item).select_related("run__experiment", "version__item")
    return uses.filter(id__lt=before) if before else uses


def uses_of_run(user: User, run: Run) -> QuerySet[Use]:
    """What a run was submitted with, in the order of its configuration."""
    return visible_uses(user).filter(run=run).order_by("id")


def newest_versions(user: User, team_id: int, also: Iterable[int] = ()) -> QuerySet[Version]:
    """The newest version of each item of a team that is not archived, and those with the ids `also`; by name."""
    newest = Version.objects.filter(item=OuterRef("item")).values("id")[:1]
    versions = visible_versions(user).filter(item__team=team_id)
    offered = Q(id=Subquery(newest), item__archived_at=None) | Q(id__in=list(also))
    return versions.filter(offered).order_by("item__name", "-number")


def prompt_file(version: Version) -> PromptFile:
    """The whole text of a prompt set."""
    return PromptFile(version.content["format"], PromptText.objects.get(version=version).text)


def prompt_preview(version: Version) -> list[str]:
    """The first prompts of a set."""
    longest = NUM_PREVIEWED * (MAX_LINE + 1)
    head = PromptText.objects.filter(version=version).values_list(Left(F("text"), longest), flat=True).get()
    return prompts_in(PromptFile(version.content["format"], head), NUM_PREVIEWED)


def prompts_in(file: PromptFile, num: int) -> list[str]:
    """The first prompts of a file."""
    return [prompt_of(file.format, line) for line in file.text.split("\n", num)[:num] if line]


def file_of(version: Version) -> str:
    """What a download of the version holds: a prompt file, or a block of YAML."""
    kind = version.item.kind
    return prompt_file(version).text if kind == Kind.PROMPTS else as_yaml(kind, version.content)
