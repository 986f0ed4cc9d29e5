"""Where the texts of a form depart from others: the recipe's, or those of the run that it was cloned from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runs.config_texts import ON
from runs.entries import entry
from runs.entry_edits import defaults_of_added
from runs.knobs import Block, Kind, Knob, Node, Union, config_tree, label_of

NOTHING = "–"


@dataclass(frozen=True)
class Difference:
    """A knob, a choice or a list of blocks, with what stood there `before` and what stands there `after`, in words."""

    node: Node
    before: str
    after: str

    @property
    def id(self) -> str:
        return self.node.name.replace(".", "-")

    @property
    def label(self) -> str:
        """The whole path in words, because it stands outside its block."""
        return label_of_path(self.node.dotted)


def find_differences(texts: Mapping[str, list[str]], others: Mapping[str, list[str]]) -> tuple[Difference, ...]:
    """In the order of the form. What a block that the others lack starts with is no difference of its own."""
    others = defaults_of_added(texts, others) | dict(others)
    found = []
    for node in live_nodes(texts):
        before, after = (_words(node, some.get(node.dotted, [])) for some in (others, texts))
        if before != after:
            found.append(Difference(node, before or NOTHING, after or NOTHING))
    return tuple(found)


def label_of_path(path: str) -> str:
    return " · ".join(map(label_of, path.split(".")))


def live_nodes(texts: Mapping[str, list[str]], block: Block | None = None) -> Iterator[Node]:
    """The knobs and choices that count: of a choice only the chosen variant's, of a list its blocks'."""
    for member in (block or config_tree()).members:
        if isinstance(member, Block):
            yield from live_nodes(texts, member)
            continue
        yield member
        if isinstance(member, Union):
            for slot in texts.get(member.dotted, []):
                if chosen := entry(member, slot):
                    yield from live_nodes(texts, chosen)


def _words(node: Node, texts: list[str]) -> str:
    if isinstance(node, Knob):
        match node.kind:
            case Kind.TOGGLE:
                return "on" if ON in texts else "off"
            case Kind.LINES:
                lines = (line.strip() for text in texts for line in text.splitlines())
                return ", ".join(filter(None, lines))
            case Kind.CHOICES:
                return ", ".join(sorted(texts))
    return ", ".join(text.strip() for text in texts)
