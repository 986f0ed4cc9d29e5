"""`make lock`: pin everything that pyproject.toml asks for, as pip resolves it today, into requirements.lock.

Torch is pinned without its build (+cpu, +cu130), so that every index can serve it; what a CUDA build of it needs comes
with it, pinned by torch itself.
"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
OF_TORCH = ("nvidia-", "cuda-", "triton")
HEADER = "# Made by `make lock` from pyproject.toml: do not edit.\n"


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    markers = {canonicalize_name(Requirement(text).name): Requirement(text).marker for text in wanted}
    lines = []
    for package in resolve(wanted):
        name, version = canonicalize_name(package["name"]), package["version"].split("+")[0]
        if not name.startswith(OF_TORCH):
            marker = markers.get(name)
            lines.append(f"{name}=={version}" + (f" ; {marker}" if marker else ""))
    (ROOT / "requirements.lock").write_text(HEADER + "\n".join(sorted(lines)) + "\n")
    print(f"requirements.lock pins {len(lines)} packages.")


def resolve(wanted: list[str]) -> list[dict]:
    """Name and version of every package, from pip's dry run."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    report = subprocess.run([*command, *wanted], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [entry["metadata"] for entry in json.loads(report)["install"]]


if __name__ == "__main__":
    main()
