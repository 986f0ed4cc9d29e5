"""A pipeline of every family with random weights, built offline in about a second each.

A module here is named as the family and has a `FAMILY`; the shared tests of `test_families.py` then run on it.
"""

from importlib import import_module

from tests.flowdppo_engine.models.tiny.family import TinyFamily

NAMES = ("sd3", "flux1", "flux2", "flux2_klein", "qwen_image", "wan", "z_image")


def tiny_family(name: str) -> TinyFamily:
    return import_module(f"{__name__}.{name}").FAMILY
