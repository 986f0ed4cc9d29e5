"""RunConfig's JSON schema as a tree that a form can be drawn from.

A path is where pydantic says an error is, without list indices: blocks by field name, and below a union the name of
the variant, as in ("trust_region", "divergence_mask", "threshold", "value"). Lists of blocks: see entries.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from flowdppo_engine.config import RunConfig

Path = tuple[str, ...]

# Between the kind of a block and its number, where a list has several of a kind; no name of a field or a kind has it.
NUMBERED = "-"

# Field names that do not read well as words.
LABELS = {
    "lr": "learning rate",
    "eps": "epsilon",
    "std": "standard deviation",
    "ema": "EMA",
    "lora": "LoRA",
    "k": "steps drawn (k)",
    "beta1": "beta 1",
    "beta2": "beta 2",
    "ode": "ODE",
    "dtype": "precision",
    "url": "address",
    "api_key_env": "variable with the API key",
    "dt_weight": "1/dt weight",
    "num_logged": "images measured for the log",
    "num_times": "noise levels",
    "random_k_of_range": "random k of a range",
    "policy_gradient": "policy gradient",
    "diffusion_nft": "DiffusionNFT",
    "kl_penalty": "KL penalty",
    "sandbox_soft_tifa": "soft TIFA (sandbox)",
    "sandbox_picture_quality": "picture quality (sandbox)",
    "jpeg_compressibility": "JPEG compressibility",
    "jpeg_incompressibility": "JPEG incompressibility",
    "clip_score": "CLIP score",
    "clip_source": "CLIP source",
    "pick_score": "PickScore",
    "hpsv2": "HPSv2.1",
    "aesthetic": "LAION aesthetic",
    "ocr": "OCR",
    "geneval2": "GenEval2 (Soft-TIFA)",
    "http": "reward server (HTTP)",
    "vlm_judge": "VLM judge (HTTP)",
    "custom": "reward of another package",
}


class Kind(StrEnum):
    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"
    TOGGLE = "toggle"
    LINES = "lines"
    CHOICES = "choices"


@dataclass(frozen=True)
class Bounds:
    """Limits of a number; `above` and `below` are excluded themselves."""

    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    below: float | None = None
    multiple_of: float | None = None


@dataclass(frozen=True)
class Node:
    path: Path

    @property
    def name(self) -> str:
        """The name of the form's field."""
        return ".".join(("config", *self.path))

    @property
    def dotted(self) -> str:
        return ".".join(self.path)

    @property
    def label(self) -> str:
        return label_of(self.path[-1])


@dataclass(frozen=True)
class Knob(Node):
    """One value, or for `lines` and `choices` any number of them."""

    kind: Kind
    help: str
    unit: str
    essential: bool
    choices: tuple[str, ...]
    bounds: Bounds
    optional: bool


@dataclass(frozen=True)
class Block(Node):
    """Values that belong together. `defaults` by field, as plain JSON data."""

    members: tuple["Knob | Block | Union", ...]
    defaults: dict

    @property
    def key(self) -> str:
        return self.path[-1]


@dataclass(frozen=True)
class Union(Node):
    """One of several blocks, or with `many` any number of each."""

    discriminator: str
    variants: tuple[Block, ...]
    many: bool


@cache
def config_tree() -> Block:
    """The knobs of RunConfig."""
    schema = RunConfig.model_json_schema()
    return _SchemaReader(schema["$defs"]).block((), schema)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    below = node.members if isinstance(node, Block) else node.variants if isinstance(node, Union) else ()
    for child in below:
        yield from walk(child)


def label_of(key: str) -> str:
    kind, _, number = key.partition(NUMBERED)
    words = LABELS.get(kind, kind.replace("_", " ").replace("num ", "", 1))
    return " ".join(filter(None, (words[0].upper() + words[1:], number)))


class _SchemaReader:
    """Walks a JSON schema, following its references."""

    def __init__(self, definitions: dict):
        self._definitions = definitions

    def block(self, path: Path, schema: dict, discriminator: str | None = None) -> Block:
        fields = {key: field for key, field in schema["properties"].items() if key != discriminator}
        return Block(
            path,
            members=tuple(self._node((*path, key), field) for key, field in fields.items()),
            # What has no default has to be written by hand, and starts empty.
            defaults={
                key: field.get("default", "") for key, field in fields.items() if {"default", "type"} & field.keys()
            },
        )

    def _node(self, path: Path, schema: dict) -> Node:
        if "$ref" in schema:
            return self.block(path, self._follow(schema))
        if "discriminator" in schema:
            return self._union(path, schema, many=False)
        if "discriminator" in schema.get("items", {}):
            return self._union(path, schema["items"], many=True)
        return _knob(path, schema)

    def _union(self, path: Path, schema: dict, many: bool) -> Union:
        """The variants in the order of the configuration's own list, where the mapping of names is sorted."""
        key = schema["discriminator"]["propertyName"]
        names = {reference: name for name, reference in schema["discriminator"]["mapping"].items()}
        variants = tuple(
            self.block((*path, names[option["$ref"]]), self._follow(option), discriminator=key)
            for option in schema["oneOf"]
        )
        return Union(path, key, variants, many)

    def _follow(self, schema: dict) -> dict:
        return self._definitions[schema["$ref"].removeprefix("#/$defs/")]


def _knob(path: Path, schema: dict) -> Knob:
    plain, optional = _without_null(schema)
    kind = _kind_of(plain)
    options = plain.get("items", {}) if kind is Kind.CHOICES else plain
    choices = tuple(options.get("enum", [options["const"]] if "const" in options else []))
    return Knob(
        path,
        kind=kind,
        help=schema.get("description", ""),
        unit=schema.get("unit", ""),
        essential=schema.get("essential", False),
        choices=choices,
        bounds=Bounds(
            minimum=plain.get("minimum"),
            above=plain.get("exclusiveMinimum"),
            maximum=plain.get("maximum"),
            below=plain.get("exclusiveMaximum"),
            multiple_of=plain.get("multipleOf"),
        ),
        optional=optional,
    )


def _kind_of(plain: dict) -> Kind:
    if "enum" in plain.get("items", {}):
        return Kind.CHOICES
    return Kind.CHOICE if {"enum", "const"} & plain.keys() else _KINDS[plain["type"]]


def _without_null(schema: dict) -> tuple[dict, bool]:
    """The schema of the value where there is one, and whether there may be none."""
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    if len(options) != 1:
        raise TypeError(f"the form cannot draw a field of several types: {schema}")
    return options[0], "anyOf" in schema


_KINDS = {
    "integer": Kind.INTEGER,
    "number": Kind.NUMBER,
    "string": Kind.TEXT,
    "boolean": Kind.TOGGLE,
    "array": Kind.LINES,
}
