"""A prompt set as it was uploaded or pasted: checked line by line, counted, without what stands twice."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from flowdppo_engine.prompts import Prompt, parse_geneval2
from runs.config_errors import ConfigInvalid

TEXT, GENEVAL2 = "text", "geneval2"
SUFFIXES = {TEXT: "txt", GENEVAL2: "jsonl"}

FIELD = "prompts"
MAX_BYTES = 20_000_000
MAX_PROMPTS = 200_000
MAX_LINE = 20_000
NUM_TOLD = 10

Numbered = tuple[int, str]


@dataclass(frozen=True)
class PromptSet:
    """Distinct prompts in their order, each a line of the file that the engine reads."""

    format: str
    lines: tuple[str, ...]
    prompts: tuple[Prompt, ...]
    num_duplicates: int = 0

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def facts(self) -> dict:
        """What is worth telling, as JSON data."""
        skills = Counter(str(skill)[:40] for prompt in self.prompts for skill in prompt.skills)
        atoms = Counter(prompt.atom_count for prompt in self.prompts) if self.format == GENEVAL2 else {}
        return {
            "format": self.format,
            "num_prompts": len(self.prompts),
            "num_duplicates": self.num_duplicates,
            "num_questions": sum(len(prompt.questions) for prompt in self.prompts),
            "skills": dict(skills.most_common(30)),
            "atoms": {str(count): atoms[count] for count in sorted(atoms)[:30]},
            "longest": max(len(prompt.text) for prompt in self.prompts),
        }


@dataclass(frozen=True)
class _Line:
    """A line that can be kept."""

    text: str
    prompt: Prompt


def read_prompts(raw: str | bytes) -> PromptSet:
    """The prompt set in a text or in the bytes of a file: one prompt a line, or JSON lines with `prompt` and, in
    GenEval2's format, `vqa_list`. Raises ConfigInvalid, which names the lines."""
    text = _decoded(raw)
    lines = [(number, line.strip()) for number, line in enumerate(_split(text), 1) if line.strip()]
    if not lines:
        raise _refused("Empty: give at least one prompt.")
    if len(lines) > MAX_PROMPTS:
        number = lines[MAX_PROMPTS][0]
        raise _refused(f"Line {number} is one more than {MAX_PROMPTS:,} prompts: split the set.")
    format, read = _read(lines)
    kept = _all_or_refused(read)
    distinct: dict[str, _Line] = {}
    for line in kept:
        distinct.setdefault(line.text, line)
    lines = distinct.values()
    return PromptSet(
        format, tuple(line.text for line in lines), tuple(line.prompt for line in lines), len(kept) - len(lines)
    )


def _decoded(raw: str | bytes) -> str:
    size = len(raw) if isinstance(raw, bytes) else len(raw.encode(errors="replace"))
    if size > MAX_BYTES:
        raise _refused(f"It has {size / 1e6:.1f} MB, more than {MAX_BYTES / 1e6:.0f} MB: split the set.")
    if isinstance(raw, str):
        return raw.removeprefix("\ufeff")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = raw.count(b"\n", 0, error.start) + 1
        raise _refused(f"Line {number} is not UTF-8: save the file as UTF-8 text.") from error


def _split(text: str) -> list[str]:
    """JSON may have the rarer line breaks of Unicode within a text; plain text breaks there, as the engine has it."""
    return text.replace("\r\n", "\n").split("\n") if text.lstrip().startswith("{") else text.splitlines()


def _read(lines: Sequence[Numbered]) -> tuple[str, list[_Line | str]]:
    """The format, and of each line what is kept or what is wrong with it.

    JSON lines without a single question are plain text; otherwise each must be in GenEval2's format.
    """
    if not lines[0][1].startswith("{"):
        return TEXT, [_plain(line, number) for number, line in lines]
    fields = [_object(line) for _, line in lines]
    if any(one and "vqa_list" in one for one in fields):
        return GENEVAL2, [
            _with_questions(one, line, number) for one, (number, line) in zip(fields, lines, strict=True)
        ]
    return TEXT, [_without_questions(one, number) for one, (number, _) in zip(fields, lines, strict=True)]


def _plain(text: str, number: int) -> _Line | str:
    return _unfit(text, number) or _Line(text, Prompt(text))


def _object(line: str) -> dict | None:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _with_questions(fields: dict | None, line: str, number: int) -> _Line | str:
    try:
        prompt = parse_geneval2(line if fields is None else fields, f"Line {number}")
    except ValueError as error:
        return str(error)
    texts = (prompt.text, *(text for question in prompt.questions for text in (question.text, question.answer)))
    # Objects that say the same are the same line, in whatever order their fields came.
    in_order = {"prompt": prompt.text} | dict(sorted(fields.items()))
    kept = json.dumps(in_order, ensure_ascii=len(line.splitlines()) > 1)
    return _unfit(kept, number) or _unfit("".join(texts), number) or _Line(kept, prompt)


def _without_questions(fields: dict | None, number: int) -> _Line | str:
    if fields is None:
        return f'Line {number} is no JSON object: write {{"prompt": "a red circle"}}, or plain text in every line.'
    text = fields.get("prompt")
    if not isinstance(text, str) or not text.strip():
        return f'Line {number} has no “prompt”: give it one, as in {{"prompt": "a red circle"}}.'
    if len(text.strip().splitlines()) > 1:
        return f"Line {number}: its prompt has a line break, which a set without questions cannot have: take it out."
    return _plain(text.strip(), number)


def _unfit(text: str, number: int) -> str:
    """Why a line cannot be stored, in words; empty where it can."""
    if len(text) > MAX_LINE:
        return f"Line {number} has {len(text):,} characters, more than {MAX_LINE:,}: shorten it."
    if "\0" in text:
        return f"Line {number} has a NUL character: take it out."
    try:
        text.encode()
    except UnicodeEncodeError:
        return f"Line {number} has half a character (a lone surrogate): take it out."
    return ""


def _all_or_refused(found: Sequence[_Line | str]) -> list[_Line]:
    problems = [one for one in found if isinstance(one, str)]
    if problems:
        more = [f"{len(problems) - NUM_TOLD} more lines do not fit."] if len(problems) > NUM_TOLD else []
        raise _refused(*problems[:NUM_TOLD], *more)
    return [one for one in found if isinstance(one, _Line)]


def _refused(*messages: str) -> ConfigInvalid:
    return ConfigInvalid({FIELD: list(messages)})
