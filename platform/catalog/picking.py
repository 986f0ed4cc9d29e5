"""The catalogue in the form of a run: what may be picked, what is, and how far the form departs from it."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.contents import normalised
from catalog.differences import Change, field_changes
from catalog.models import Kind, Role, Version
from catalog.selectors import newest_versions
from runs.config_texts import Texts, data_of, texts_of
from runs.entry_edits import with_texts_of
from teams.models import User

PREFIX = "catalogue."
# Its value is the role of the version that is to be filled into the form.
FILL = "fill"

KINDS = {
    Role.MODEL: Kind.MODEL,
    Role.TRAIN: Kind.PROMPTS,
    Role.EVALUATION: Kind.PROMPTS,
    Role.REWARDS: Kind.REWARDS,
}
LABELS = {
    Role.MODEL: "Base model",
    Role.TRAIN: "Prompts to train on",
    Role.EVALUATION: "One more set to evaluate on",
    Role.REWARDS: "Rewards",
}
# Only these are a copy in the form, which can depart from its version; prompts are referred to.
COPIED = (Role.MODEL, Role.REWARDS)


@dataclass(frozen=True)
class Picker:
    """What may be picked for a role, and what stands in the form."""

    role: Role
    versions: tuple[Version, ...]
    chosen: Version | None

    @property
    def name(self) -> str:
        """The name of its field."""
        return f"{PREFIX}{self.role}"

    @property
    def label(self) -> str:
        return LABELS[self.role]


@dataclass(frozen=True)
class Departure:
    """How the form's copy differs from what was picked; `changes` is None while the form cannot be read."""

    role: Role
    version: Version
    changes: list[Change] | None


def pickers_of(user: User, team_id: int, post: Mapping[str, str], texts: Texts) -> list[Picker]:
    """One for each role of which the team has something, over a form with these texts that was sent as `post`."""
    versions = newest_versions(user, team_id, _picked_ids(post))
    found = []
    for role, kind in KINDS.items():
        own = tuple(version for version in versions if version.item.kind == kind)
        if own:
            found.append(Picker(role, own, _chosen(role, own, post, texts)))
    return found


def departures_of(pickers: list[Picker], texts: Texts) -> list[Departure]:
    """Of each base model and reward config that is picked."""
    return [
        Departure(picker.role, picker.chosen, _changes(picker.chosen, texts))
        for picker in pickers
        if picker.chosen and picker.role in COPIED
    ]


def picked_versions(user: User, team_id: int, post: Mapping[str, str]) -> list[Version]:
    """What counts as used even where the form departs from it."""
    ids = {_id(post, role) for role in COPIED} - {None}
    return [version for version in newest_versions(user, team_id, ids) if version.id in ids]


def filled(user: User, team_id: int, post: Mapping[str, str], texts: Texts) -> Texts:
    """The texts with the version in them that was picked for the role in `post[FILL]`; as they were without one."""
    role = Role(post[FILL]) if post.get(FILL) in Role.values else None
    wanted = _id(post, role) if role else None
    version = wanted and next((one for one in newest_versions(user, team_id, [wanted]) if one.id == wanted), None)
    if not version or version.item.kind != KINDS[role]:
        return texts
    match role:
        case Role.TRAIN:
            return texts | {"prompts.train": [version.reference]}
        case Role.EVALUATION:
            sets = [line for text in texts.get("evaluation.prompt_sets", ()) for line in text.splitlines()]
            return texts | {"evaluation.prompt_sets": ["\n".join(dict.fromkeys([*sets, version.reference]))]}
        case Role.MODEL:
            return texts | texts_of({Kind.MODEL: version.content})
        case _:
            return with_texts_of(texts, texts_of({Kind.REWARDS: version.content}), Kind.REWARDS)


def _chosen(role: Role, versions: tuple[Version, ...], post: Mapping[str, str], texts: Texts) -> Version | None:
    if role == Role.EVALUATION:
        return None
    if role == Role.TRAIN:
        source = next(iter(texts.get("prompts.train", ())), "")
        return next((version for version in versions if version.reference == source), None)
    if f"{PREFIX}{role}" in post:
        wanted = _id(post, role)
        return next((version for version in versions if version.id == wanted), None)
    return next((version for version in versions if _changes(version, texts) == []), None)


def _changes(version: Version, texts: Texts) -> list[Change] | None:
    kind = version.item.kind
    typed, kept = normalised(kind, data_of(texts)[kind]), normalised(kind, version.content)
    return None if typed is None else field_changes(kind, kept or version.content, typed)


def _picked_ids(post: Mapping[str, str]) -> list[int]:
    return [number for role in Role if (number := _id(post, role))]


def _id(post: Mapping[str, str], role: Role) -> int | None:
    text = post.get(f"{PREFIX}{role}", "")
    return int(text) if text.isdecimal() and len(text) < 19 else None
