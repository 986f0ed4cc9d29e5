"""Building a small configured object by its name, with errors that say what exists."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any


def check_name(what: str, name: str, registry: Mapping[str, Any]) -> None:
    """Raise a ValueError that lists the known names unless ``name`` is one of them."""
    if name not in registry:
        raise ValueError(f"{what} {name!r} does not exist; choose one of {', '.join(registry)}")


def build(what: str, registry: Mapping[str, type], name: str, options: Mapping[str, Any]) -> Any:
    """``registry[name](**options)``, for registries of dataclasses.

    Raises:
        ValueError: ``name`` is not in the registry, an option is unknown, or one without a default is missing.
    """
    check_name(what, name, registry)
    known = {field.name: field for field in fields(registry[name])}
    for option in options:
        if option not in known:
            listed = ", ".join(known) or "none"
            raise ValueError(f"{option}={options[option]!r}: {what} {name!r} has no such option; it takes: {listed}")
    for option, field in known.items():
        if option not in options and field.default is MISSING:
            raise ValueError(f"{option}: {what} {name!r} needs this option")
    return registry[name](**options)
