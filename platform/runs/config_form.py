"""The form of a run's configuration: the knobs that matter first, the rest in folded groups.

The classes here tie the knobs of the schema to what was typed and to what was wrong with it, for the templates.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from flowdppo_engine.config import RunConfig
from runs.config_differences import Difference, find_differences, label_of_path
from runs.config_errors import ConfigInvalid, Errors, check_config
from runs.config_texts import ON, PREFIX, Texts, data_of, texts_of
from runs.entries import entry, lists
from runs.entry_edits import defaults_of_added, renumbered, with_block, with_texts_of, without_block
from runs.knobs import Block, Kind, Knob, Node, Union, config_tree, label_of
from runs.plans import Plan, plan_of

# The buttons that change a list of blocks, and the one that takes a change back.
ADD, REMOVE, RESET = "add", "remove", "reset"


@dataclass(frozen=True)
class Bound:
    """A node of the schema with its texts, the recipe's texts and its errors."""

    node: Node
    texts: list[str]
    recipe_texts: list[str]
    errors: list[str]

    @property
    def id(self) -> str:
        return self.node.name.replace(".", "-")


@dataclass(frozen=True)
class BoundKnob(Bound):
    template = "runs/form/knob.html"

    @property
    def value(self) -> str:
        return self.texts[0] if self.texts else ""

    @property
    def recipe_value(self) -> str:
        return self.recipe_texts[0] if self.recipe_texts else ""

    @property
    def is_on(self) -> bool:
        return ON in self.texts

    @property
    def options(self) -> tuple[str, ...]:
        """What may be chosen, and what was chosen in another release."""
        return tuple(dict.fromkeys((*self.node.choices, *self.texts)))

    @property
    def num_lines(self) -> int:
        return len(self.value.splitlines())

    @property
    def context(self) -> str:
        """The block of the knob, in words, for where it stands outside its block."""
        return label_of(self.node.path[-2]) if len(self.node.path) > 1 else ""

    @property
    def label(self) -> str:
        return label_of(self.node.path[-2]) if self.node.path[-1] == "name" else self.node.label

    @property
    def needs_attention(self) -> bool:
        return bool(self.errors)

    @property
    def summary(self) -> str:
        """Key and value on one line, for the folded form."""
        nothing = "off" if self.node.kind is Kind.TOGGLE else "–"
        values = self.texts if self.node.kind is Kind.CHOICES else self.value.splitlines()
        return f"{self.node.path[-1]} {', '.join(values) or nothing}"

    @property
    def unit(self) -> str:
        """The unit, unless the label ends with it already."""
        return "" if self.label.lower().endswith(self.node.unit) else self.node.unit


@dataclass(frozen=True)
class BoundBlock(Bound):
    template = "runs/form/block.html"

    members: "tuple[BoundKnob | BoundBlock | BoundUnion, ...]"
    is_chosen: bool = True

    @property
    def needs_attention(self) -> bool:
        """Whether it must be open for its errors to be seen."""
        return bool(self.errors) or any(member.needs_attention for member in self.members)

    @property
    def summary(self) -> str:
        return " · ".join(member.summary for member in self.members)


@dataclass(frozen=True)
class BoundUnion(Bound):
    """A choice of one variant, or a list of blocks."""

    variants: tuple[BoundBlock, ...]

    @property
    def removed(self) -> list[str]:
        """The slots that only the recipe has."""
        return [slot for slot in self.recipe_texts if slot not in self.texts]

    @property
    def template(self) -> str:
        return "runs/form/entries.html" if self.node.many else "runs/form/union.html"

    @property
    def needs_attention(self) -> bool:
        return bool(self.errors) or any(variant.needs_attention for variant in self.variants)

    @property
    def summary(self) -> str:
        chosen = (variant for variant in self.variants if variant.is_chosen)
        return " · ".join(" · ".join(filter(None, (variant.node.key, variant.summary))) for variant in chosen)


@dataclass(frozen=True)
class FormProblem:
    """A sentence about the form; `id` and `label` are of the field that it stands at, where it has one."""

    message: str
    id: str
    label: str


class ConfigForm:
    """What stands in the form: `texts` as typed, compared with the recipe's own, and the errors of a submission.

    `source` has the texts of the run that this one is cloned from.
    """

    def __init__(
        self,
        recipe: RunConfig,
        texts: Texts | None = None,
        errors: Errors | None = None,
        opened: str = "",
        source: Texts | None = None,
    ):
        own = texts_of(recipe.model_dump(mode="json"))
        self.texts = own if texts is None else texts
        self._recipe, self._source = recipe, source
        self._recipe_texts = defaults_of_added(self.texts, own) | own
        self.errors = errors or {}
        self.opened = opened

    def judged(self) -> "tuple[ConfigForm, RunConfig | None]":
        """The form with its errors, and the configuration where it is a good one."""
        try:
            return self, check_config(data_of(self.texts))
        except ConfigInvalid as invalid:
            return self.with_errors(invalid.errors), None

    def with_errors(self, errors: Errors) -> "ConfigForm":
        return ConfigForm(self._recipe, self.texts, errors, self.opened, self._source)

    def edited(self, post) -> "ConfigForm | None":
        """The form after one of its buttons was pressed (in a QueryDict); None where none was."""
        for union in lists():
            if post.get(ADD) == union.name:
                added = with_block(self.texts, union, post.get(f"{ADD}.{union.name}", ""))
                return self._with_texts(added, union.dotted)
            slot = post.get(REMOVE, "").removeprefix(f"{union.name}.")
            if slot in self.texts.get(union.dotted, []):
                return self._with_texts(without_block(self.texts, union, slot), union.dotted)
        if path := post.get(RESET):
            return self._with_texts(with_texts_of(self.texts, self._recipe_texts, path), path.partition(".")[0])
        return None

    def _with_texts(self, texts: Texts, opened: str) -> "ConfigForm":
        return ConfigForm(self._recipe, texts, opened=opened, source=self._source)

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """Where it departs from the recipe."""
        return find_differences(self.texts, self._recipe_texts)

    @cached_property
    def source_differences(self) -> tuple[Difference, ...]:
        """Where it departs from the run that it is cloned from."""
        return find_differences(self.texts, self._source) if self._source else ()

    @property
    def fields(self) -> dict[str, list[str]]:
        """The texts by the names of their fields."""
        return {f"{PREFIX}{path}": texts for path, texts in self.texts.items()}

    @property
    def problems(self) -> tuple[FormProblem, ...]:
        """What is to be put right, each sentence once, at the field where that is done."""
        fields = {bound.node.dotted: bound for bound in (*self.essentials, *_walk(self.sections))}
        found: dict[str, FormProblem] = {}
        for path, messages in self.errors.items():
            at = fields.get(path)
            for message in messages:
                if at or message not in found:
                    found[message] = FormProblem(message, at.id if at else "", label_of_path(path) if at else "")
        return tuple(found.values())

    @cached_property
    def essentials(self) -> tuple[BoundKnob, ...]:
        """The knobs of the short form."""
        return tuple(self._bind(knob) for knob in _essentials(config_tree()))

    @cached_property
    def sections(self) -> tuple[Bound, ...]:
        """Everything else, a section for each block of the configuration."""
        return self._bind_rest(config_tree())

    @cached_property
    def plan(self) -> Plan | None:
        return plan_of(data_of(self.texts))

    def _bind(self, node: Node) -> Bound:
        facts = (
            node,
            self.texts.get(node.dotted, []),
            self._recipe_texts.get(node.dotted, []),
            self.errors.get(node.dotted, []),
        )
        match node:
            case Knob():
                return BoundKnob(*facts)
            case Block():
                return BoundBlock(*facts, members=self._bind_rest(node))
            case Union():
                return BoundUnion(*facts, variants=self._bind_variants(node))

    def _bind_rest(self, block: Block) -> tuple[Bound, ...]:
        """A block's members without the essential knobs, and without blocks that hold nothing else."""
        rest = (self._bind(member) for member in block.members if not _is_essential(member))
        return tuple(bound for bound in rest if not isinstance(bound, BoundBlock) or bound.members)

    def _bind_variants(self, union: Union) -> tuple[BoundBlock, ...]:
        """Every variant, or those that a list has."""
        chosen = self.texts.get(union.dotted, [])
        entries = [block for slot in chosen if (block := entry(union, slot))]
        return tuple(
            BoundBlock(
                block,
                chosen,
                self._recipe_texts.get(union.dotted, []),
                self.errors.get(block.dotted, []),
                members=self._bind_rest(block),
                is_chosen=block.key in chosen,
            )
            for block in (entries if union.many else union.variants)
        )


def texts_in(post) -> Texts:
    """The texts of a form as it was sent (a QueryDict)."""
    return renumbered({key.removeprefix(PREFIX): post.getlist(key) for key in post if key.startswith(PREFIX)})


def _is_essential(node: Node) -> bool:
    return isinstance(node, Knob) and node.essential


def _essentials(block: Block) -> Iterator[Knob]:
    """Essential knobs outside unions, which stand in their variant."""
    for member in block.members:
        if _is_essential(member):
            yield member
        elif isinstance(member, Block):
            yield from _essentials(member)


def _walk(bounds: tuple[Bound, ...]) -> Iterator[Bound]:
    for bound in bounds:
        yield bound
        yield from _walk(getattr(bound, "members", ()) or getattr(bound, "variants", ()))
