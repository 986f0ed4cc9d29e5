"""What people do to the catalogue. Each verb checks the role first; a version never changes."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.contents import Content, model_content, prompts_content, rewards_content
from catalog.models import Item, Kind, PromptText, Use, Version
from catalog.prompt_files import reference_of
from flowdppo_engine.config import RunConfig
from flowdppo_engine.prompts import SANDBOX_PROMPTS
from runs.services import require_writer
from teams import audit
from teams.models import Team, User

SANDBOX = "Sandbox"
SANDBOX_SETS = ("train", "in_domain", "out_of_domain")


def create_item(user: User, team: Team, name: str, content: Content, note: str = "", reference: str = "") -> Version:
    """A new item with its first version. Raises PermissionDenied, or ValidationError where the name is taken.

    `reference` is given for prompt sets that the engine has itself.
    """
    require_writer(user, team.id)
    try:
        with transaction.atomic():
            item = Item.objects.create(team=team, kind=content.kind, name=name, created_by=user)
            version = _add(user, item, content, note, reference)
            audit.record(user, team, "made", _told(item), note)
    except IntegrityError as error:
        label = Kind(content.kind).label
        raise ValidationError({"name": f"“{name}” is a {label} of {team} already: give another name."}) from error
    return version


@transaction.atomic
def add_version(user: User, item: Item, content: Content, note: str = "") -> Version:
    """The next version of an item. Raises PermissionDenied, or ValidationError where nothing has changed."""
    require_writer(user, item.team_id)
    item = _locked(item)
    last = item.versions.first()
    if last and last.sha256 == content.sha256:
        raise ValidationError(f"Nothing has changed since v{last.number}: change something, or leave it as it is.")
    version = _add(user, item, content, note)
    audit.record(user, item.team, "made", f"v{version.number} of {_told(item)}", note)
    return version


@transaction.atomic
def set_archived(user: User, item: Item, archived: bool) -> None:
    """Archived items are not offered any more; what used them stays. Raises PermissionDenied."""
    require_writer(user, item.team_id)
    item = _locked(item)
    if archived == bool(item.archived_at):
        return
    item.archived_at = timezone.now() if archived else None
    item.save(update_fields=["archived_at"])
    audit.record(user, item.team, "archived" if archived else "took out of the archive", _told(item))


@transaction.atomic
def delete_version(user: User, version: Version) -> Item | None:
    """Delete a version that no run has used, and its item where it was the last one: then None is returned.

    Raises PermissionDenied, or ValidationError for one that a run has used.
    """
    require_writer(user, version.item.team_id)
    item = _locked(version.item)
    # Whoever records a use holds a lock on the version: from here on, nobody begins to.
    version = item.versions.select_for_update().get(id=version.id)
    num_runs = Use.objects.filter(version=version).values("run").distinct().count()
    if num_runs:
        runs = "a run has" if num_runs == 1 else f"{num_runs} runs have"
        raise ValidationError(f"v{version.number} stays: {runs} used it. Archive the item to have it out of the way.")
    number = version.number
    version.delete()
    audit.record(user, item.team, "deleted", f"v{number} of {_told(item)}")
    if item.versions.exists():
        return item
    item.delete()
    return None


@transaction.atomic
def add_sandbox(user: User, team: Team) -> list[Version]:
    """The sandbox's base model, prompt sets and rewards, but for names that the team has already."""
    require_writer(user, team.id)
    defaults = RunConfig().model_dump(mode="json")
    wanted = [(SANDBOX, model_content(defaults["model"]), "")]
    for name in SANDBOX_SETS:
        content = prompts_content((SANDBOX_PROMPTS / f"{name}.jsonl").read_bytes())
        wanted.append((f"{SANDBOX}, {name.replace('_', ' ')}", content, f"sandbox:{name}"))
    wanted.append((SANDBOX, rewards_content(defaults["rewards"]), ""))
    taken = set(Item.objects.filter(team=team).values_list("kind", "name"))
    return [
        create_item(user, team, name, content, reference=reference)
        for name, content, reference in wanted
        if (content.kind, name) not in taken
    ]


def _add(user: User, item: Item, content: Content, note: str, reference: str = "") -> Version:
    item.num_versions += 1
    item.save(update_fields=["num_versions"])
    if content.text and not reference:
        reference = reference_of(item.name, item.num_versions, content.sha256, content.suffix)
    version = Version.objects.create(
        item=item,
        number=item.num_versions,
        content=content.data,
        sha256=content.sha256,
        reference=reference,
        note=note,
        created_by=user,
    )
    if content.text:
        PromptText.objects.create(version=version, text=content.text)
    return version


def _locked(item: Item) -> Item:
    """Two people who make a version at the same moment go one after the other."""
    return Item.objects.select_for_update(of=("self",)).select_related("team").get(id=item.id)


def _told(item: Item) -> str:
    return f"{item.get_kind_display()} “{item.name}”"
