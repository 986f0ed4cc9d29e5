"""Which font has a letter that DejaVu lacks: Chinese, Japanese, Korean, and Noto's for other scripts and emoji."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fontTools.ttLib import TTFont

# Hebrew and Arabic; the scripts of India, Thailand, Laos, Tibet, Myanmar and Cambodia; Arabic's old forms.
JOINED = re.compile("[\u0590-\u109f\u1780-\u17ff\ufb1d-\ufdff\ufe70-\ufeff]")


@dataclass(frozen=True)
class Face:
    """A font file, under the name that a document gives it. Of a collection the first font is taken."""

    name: str
    path: Path

    @property
    def letters(self) -> frozenset[int]:
        return _letters_of(self.path)


def face_with(letter: str) -> Face | None:
    """The first face that has the letter; None where none has."""
    return next((face for face in _faces() if ord(letter) in face.letters), None)


def is_joined(text: str) -> bool:
    """Whether letters of it change or move by their neighbours, so that they must be shaped to be read."""
    return bool(JOINED.search(text))


def folder_of(package: str) -> Path:
    """Where a package lies, without reading it."""
    return Path(find_spec(package).submodule_search_locations[0])


@cache
def _faces() -> tuple[Face, ...]:
    return tuple(_found())


def _found() -> Iterator[Face]:
    # WenQuanYi Micro Hei has some 35,000 letters in 5 MB.
    yield Face("cjk", folder_of("paperang_p2_fonts_cjk") / "fonts" / "wqy-microhei.ttc")
    for path in sorted(folder_of("manimgx_fonts").glob("Noto*.ttf")):
        yield Face(path.name.partition("[")[0].lower(), path)


@cache
def _letters_of(path: Path) -> frozenset[int]:
    with TTFont(path, fontNumber=0, lazy=True) as font:
        return frozenset(font.getBestCmap())
