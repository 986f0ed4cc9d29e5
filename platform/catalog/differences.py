"""What is different between two contents: fields of models and rewards, prompts of prompt sets."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from catalog.contents import name_of_reward
from catalog.models import Kind
from catalog.prompt_texts import GENEVAL2

NUM_SHOWN = 100
ORDER = "order"


@dataclass(frozen=True)
class Change:
    """A field with its values as YAML has them; None where it is not there."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class PromptFile:
    format: str
    text: str


@dataclass(frozen=True)
class PromptDifference:
    """Prompts that only one of two sets has, and those that have other questions; the first of each are shown."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    num_added: int
    num_removed: int
    num_changed: int
    num_same: int
    is_reordered: bool

    @property
    def is_cut(self) -> bool:
        """Whether some are not shown."""
        return max(self.num_added, self.num_removed, self.num_changed) > NUM_SHOWN

    @property
    def is_none(self) -> bool:
        return not (self.num_added or self.num_removed or self.num_changed or self.is_reordered)


def field_changes(kind: str, before: dict | list, after: dict | list) -> list[Change]:
    """Of models and rewards. A reward is known by what it is logged as; one that only one side has is one change."""
    if kind == Kind.MODEL:
        return list(_changes("", before, after))
    old, new = _by_name(before), _by_name(after)
    changes = [change for name in {**old, **new} for change in _of_reward(name, old.get(name), new.get(name))]
    if not changes and list(old) != list(new):
        changes.append(Change(ORDER, ", ".join(old), ", ".join(new)))
    return changes


def prompt_difference(before: PromptFile, after: PromptFile) -> PromptDifference:
    """Prompts are distinct within a set, so that no alignment of lines is needed: its cost may grow with the square of
    their number."""
    old, new = _by_prompt(before), _by_prompt(after)
    added = [text for text in new if text not in old]
    removed = [text for text in old if text not in new]
    changed = [text for text, lines in new.items() if text in old and old[text] != lines]
    kept_before, kept_after = ([text for text in one if text in other] for one, other in ((old, new), (new, old)))
    return PromptDifference(
        *(tuple(some[:NUM_SHOWN]) for some in (added, removed, changed)),
        num_added=len(added),
        num_removed=len(removed),
        num_changed=len(changed),
        num_same=len(kept_after) - len(changed),
        is_reordered=kept_before != kept_after,
    )


def prompt_of(format: str, line: str) -> str:
    return json.loads(line)["prompt"] if format == GENEVAL2 else line


def _of_reward(name: str, before: Mapping | None, after: Mapping | None) -> Iterator[Change]:
    if before is None or after is None:
        yield Change(name, _weighted(before), _weighted(after))
    else:
        yield from _changes(f"{name}.", before, after)


def _weighted(block: Mapping | None) -> str | None:
    return None if block is None else f"{block['name']}, weight {block.get('weight', 1.0):g}"


def _by_name(blocks: list) -> dict[str, Mapping]:
    return {name_of_reward(block): block for block in blocks}


def _changes(prefix: str, before: Mapping, after: Mapping) -> Iterator[Change]:
    old, new = _flat(before), _flat(after)
    for field in {**old, **new}:
        if old.get(field) != new.get(field):
            yield Change(f"{prefix}{field}", old.get(field), new.get(field))


def _flat(block: Mapping, prefix: str = "") -> dict[str, str]:
    """Every value as a text, by its dotted path."""
    flat: dict[str, str] = {}
    for key, value in block.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return flat


def _by_prompt(file: PromptFile) -> dict[str, list[str]]:
    lines: dict[str, list[str]] = {}
    for line in file.text.removesuffix("\n").split("\n"):
        lines.setdefault(prompt_of(file.format, line), []).append(line)
    return lines
