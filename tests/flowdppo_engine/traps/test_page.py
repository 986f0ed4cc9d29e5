"""The page of traps names tests that exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).parents[3] / "docs" / "traps.md"


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_test_that_the_page_names_exists():
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ") and "::" in line]
    named = [re.findall(r"`([\w/]+\.py)::(\w+)`", row) for row in rows]
    assert len(rows) > 50 and all(named)
    missing = [f"{file}::{name}" for tests in named for file, name in tests if name not in functions_of(ROOT / file)]
    assert not missing


def test_every_test_beside_this_one_is_on_the_page():
    page = PAGE.read_text(encoding="utf-8")
    others = [path for path in Path(__file__).parent.glob("test_*.py") if path.name != Path(__file__).name]
    unnamed = [name for path in others for name in functions_of(path) if f"traps/{path.name}::{name}" not in page]
    assert others and not unnamed
