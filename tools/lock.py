"""`make lock`: pin everything that pyproject.toml asks for, as pip resolves it today, into requirements.lock.

Torch is pinned without its build (+cpu, +cu130), so that every index can serve it; what a CUDA build of it needs comes
with it, pinned by torch itself. What only another machine or Python (3.11.0 to 3.12) needs is pinned with its marker.
"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
OF_TORCH = ("nvidia-", "cuda-", "triton")
HEADER = "# Made by `make lock` from pyproject.toml: do not edit.\n"
PYTHONS = ("3.11.0", "3.12.0")
MACHINES = ({}, {"platform_machine": "aarch64"}, {"sys_platform": "darwin", "platform_system": "Darwin"})


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    markers = {name_of(Requirement(text)): Requirement(text).marker for text in wanted}
    packages = resolve(wanted)
    elsewhere = needed_elsewhere(packages)
    markers |= {name: requirement.marker for name, requirement in elsewhere.items()}
    packages += [
        package
        for package in resolve([f"{name}{requirement.specifier}" for name, requirement in elsewhere.items()])
        if canonicalize_name(package["name"]) in elsewhere
    ]
    lines = [pin(package, markers) for package in packages if not package["name"].startswith(OF_TORCH)]
    (ROOT / "requirements.lock").write_text(HEADER + "\n".join(sorted(lines)) + "\n")
    print(f"requirements.lock pins {len(lines)} packages.")


def resolve(wanted: list[str]) -> list[dict]:
    """The metadata of every package that these need, from pip's dry run."""
    if not wanted:
        return []
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    report = subprocess.run([*command, *wanted], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [entry["metadata"] for entry in json.loads(report)["install"]]


def needed_elsewhere(packages: list[dict]) -> dict[str, Requirement]:
    """What these packages require on other Pythons or machines, and not here."""
    known = {canonicalize_name(package["name"]) for package in packages}
    required = [Requirement(text) for package in packages for text in package.get("requires_dist", [])]
    return {
        name_of(requirement): requirement
        for requirement in required
        if name_of(requirement) not in known
        and not name_of(requirement).startswith(OF_TORCH)
        and requirement.marker
        and any(requirement.marker.evaluate(environment) for environment in environments())
    }


def environments() -> list[dict[str, str]]:
    return [
        default_environment()
        | {"extra": "", "python_full_version": python, "python_version": python.rpartition(".")[0]}
        | machine
        for python in PYTHONS
        for machine in MACHINES
    ]


def pin(package: dict, markers: dict) -> str:
    name, version = canonicalize_name(package["name"]), package["version"].split("+")[0]
    marker = markers.get(name)
    return f"{name}=={version}" + (f" ; {marker}" if marker else "")


def name_of(requirement: Requirement) -> str:
    return canonicalize_name(requirement.name)


if __name__ == "__main__":
    main()
