"""Another recipe under what a person has changed: their changes stay where the new recipe has a place for them."""

from dataclasses import dataclass

from runs.config_differences import Difference, find_differences, live_nodes
from runs.config_texts import Texts
from runs.entry_edits import with_texts_of
from runs.knobs import Union


@dataclass(frozen=True)
class Switch:
    """The texts of the form on the new recipe, what was `kept` in them, and what was `left` out."""

    texts: Texts
    kept: tuple[Difference, ...]
    left: tuple[Difference, ...]


def switch_recipe(typed: Texts, before: Texts, after: Texts) -> Switch:
    """`typed` was made from the recipe `before` and goes on top of `after`."""
    texts, kept, left, lists = dict(after), [], [], []
    for change in find_differences(typed, before):
        path = change.node.dotted
        if any(path.startswith(f"{taken}.") for taken in lists):
            continue
        if path not in {node.dotted for node in live_nodes(texts)}:
            left.append(change)
            continue
        if isinstance(change.node, Union) and change.node.many:
            lists.append(path)
            # One to which something was added, or from which something was taken, is taken as it was typed.
            texts = with_texts_of(texts, typed, path)
        else:
            texts[path] = typed.get(path, [])
        kept.append(change)
    return Switch(texts, tuple(kept), tuple(left))
