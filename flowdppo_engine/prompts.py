"""Prompts and prompt sets: the sandbox's own, plain text files and GenEval2's JSON lines. Torch-free."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

# The environment's name for the folder that relative prompt files are in; without it, it is the working folder.
ROOT_VARIABLE = "FLOWDPPO_PROMPTS_ROOT"
SANDBOX_PROMPTS = Path(__file__).parent / "sandbox" / "prompts"


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a picture and the answer that the prompt calls for, as in GenEval2's `vqa_list`."""

    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt with its questions; plain text has none.

    `skills` names what each question tests, in the same order, where the file says so. `atom_count` is how many things
    the prompt asks for: not always the number of questions, for GenEval2 asks about an `a` and does not count it.
    """

    text: str
    questions: tuple[Question, ...] = ()
    skills: tuple[str, ...] = ()
    atom_count: int = 0


def load_prompts(source: str) -> list[Prompt]:
    """The prompts of `sandbox:NAME`, of a .txt file (one a line) or of a GenEval2 .jsonl file.

    Raises ValueError with the source and the remedy where it is missing, empty or of an unknown kind.
    """
    path = find_prompts(source)
    if path.suffix not in (".txt", ".jsonl"):
        raise ValueError(f"prompt set {source!r} is neither .txt (one prompt a line) nor .jsonl (GenEval2's format).")
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not lines:
        raise ValueError(f"prompt set {source!r} is empty: give it at least one prompt.")
    if path.suffix == ".txt":
        return [Prompt(line.strip()) for line in lines]
    return [parse_geneval2(line, f"{source}, line {number}") for number, line in enumerate(lines, 1)]


def find_prompts(source: str) -> Path:
    """The file of a prompt set. Raises ValueError with the remedy where there is none."""
    path = _sandbox_sets().get(source) if is_sandbox(source) else _file(source)
    if path is None or not path.is_file():
        raise ValueError(f"prompt set {source!r} was not found: {_remedy(source)}")
    return path


def is_sandbox(source: str) -> bool:
    return source.startswith("sandbox:")


def _file(source: str) -> Path:
    return Path(os.environ.get(ROOT_VARIABLE, ""), source)


def _remedy(source: str) -> str:
    if not is_sandbox(source):
        return "give the path of a .txt or .jsonl file."
    return "the sandbox has " + ", ".join(sorted(_sandbox_sets())) + "."


def _sandbox_sets() -> dict[str, Path]:
    return {f"sandbox:{path.stem}": path for path in SANDBOX_PROMPTS.glob("*.jsonl")}


def parse_geneval2(line: str | dict, where: str) -> Prompt:
    """The prompt of a line in GenEval2's format, or of its object. Raises ValueError, which begins with `where`."""
    try:
        fields = json.loads(line) if isinstance(line, str) else line
        questions = tuple(Question(_text(text, "a question"), str(answer)) for text, answer in fields["vqa_list"])
        skills = tuple(fields.get("skills") or ())
        if skills and len(skills) != len(questions):
            raise ValueError(f"it has {len(questions)} questions and {len(skills)} skills")
        text = _text(fields["prompt"], "`prompt`")
        return Prompt(text, questions, skills, int(fields.get("atom_count") or len(questions)))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(
            f"{where} is not in GenEval2's format ({error}): each line is an object with `prompt` and `vqa_list`."
        ) from error


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{what} is no text")
    return value
