"""Sweeps as the command line writes them."""

from typing import Any

import yaml

from flowdppo_engine.client.refusals import ClientError, Exit


def read_axes(written: list[str]) -> dict[str, list[Any]]:
    """`a.b=1,2,3` as a knob and its values, each in YAML. Raises ClientError."""
    axes = {}
    for text in written:
        knob, is_given, values = text.partition("=")
        if not is_given or not values.strip():
            raise ClientError(f"--vary {text}: give a knob and its values, as in a.b=1,2,3.", Exit.DOES_NOT_FIT)
        axes[knob.strip()] = [_value(text, value) for value in values.split(",")]
    return axes


def read_seeds(text: str) -> list[int]:
    """`0,1,2`. Raises ClientError."""
    try:
        return [int(seed) for seed in text.split(",") if seed.strip()]
    except ValueError:
        raise ClientError(f"--seeds {text}: give whole numbers with commas between.", Exit.DOES_NOT_FIT) from None


def describe(plan: dict) -> str:
    """What a sweep would be, in a sentence, and which points cannot run."""
    hours = plan["gpu_hours"]
    takes = f"about {hours:.1f} GPU hours" if hours is not None else "nothing like it was timed yet"
    return "\n".join([f"{plan['num_runs']} runs, {takes}.", *plan["problems"]])


def row_of(sweep: dict) -> tuple:
    varies = "; ".join(f"{knob}: {', '.join(map(str, values))}" for knob, values in sweep["axes"].items())
    return sweep["id"], sweep["name"], varies, ", ".join(map(str, sweep["seeds"]))


def _value(text: str, value: str) -> Any:
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError:
        raise ClientError(f"--vary {text}: “{value}” is no value.", Exit.DOES_NOT_FIT) from None
