"""The files of docker/, as far as they can be proved without a Docker engine: linted, checked against the schema of
compose files, and against the project that they are made for.
"""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
NEEDS = SimpleNamespace(**runpy.run_path(str(DOCKER / "needs.py")))
COMPOSE_FILES = ("compose.yaml", "compose.node.yaml")
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)")
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|AUTH|_KEY|DATABASE_URL|REDIS_URL")
# Read from what the operator gives on the command line, or optional and explained where it is used.
GIVEN_ELSEWHERE = {"TORCH_INDEX"}


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess:
    command = [str(Path(sys.executable).parent / name), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def read(name: str) -> dict:
    return yaml.safe_load((DOCKER / name).read_text())


def services() -> list[tuple[str, str, dict]]:
    return [(name, service, what) for name in COMPOSE_FILES for service, what in read(name)["services"].items()]


def example() -> dict[str, str]:
    lines = (DOCKER / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_linter_has_no_complaint_about_the_images():
    done = tool("hadolint", "docker/Dockerfile")
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


def test_the_compose_files_are_what_compose_files_may_be():
    done = tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", *(f"docker/{n}" for n in COMPOSE_FILES))
    assert done.returncode == 0, done.stdout


def test_what_the_images_copy_is_there_and_not_ignored():
    sources = re.findall(r"^COPY (?!--from)(.+) \S+$", (DOCKER / "Dockerfile").read_text(), re.M)
    copied = {source for line in sources for source in line.split()}
    let_in = {line[1:] for line in (DOCKER / "Dockerfile.dockerignore").read_text().split() if line.startswith("!")}
    assert copied == let_in and all((ROOT / source).exists() for source in copied)
    assert ".env" not in copied


def test_images_run_as_an_ordinary_account_and_say_how_they_are():
    text = (DOCKER / "Dockerfile").read_text()
    for target in ("web", "worker"):
        stage = text.split(f"FROM base AS {target}\n")[1].split("\nFROM ")[0]
        assert "USER 10001:10001" in stage and "HEALTHCHECK" in stage and "STOPSIGNAL SIGTERM" in stage
        assert stage.index("USER") > stage.rindex("COPY")


@pytest.mark.parametrize(
    ("name", "service", "what"), services(), ids=lambda value: value if type(value) is str else ""
)
def test_no_secret_stands_in_a_compose_file(name, service, what):
    for variable, value in what.get("environment", {}).items():
        if SECRET.search(variable) and value:
            found = re.sub(r"\$\{[^}]*\}", "", value)
            assert not re.search(r":[^:@/]+@", found) and ("${" in value), f"{variable} of {service}"


@pytest.mark.parametrize(
    ("name", "service", "what"), services(), ids=lambda value: value if type(value) is str else ""
)
def test_what_dies_is_started_again_and_versions_are_named(name, service, what):
    assert what["restart"] in ("unless-stopped", "on-failure")
    if "build" in what:
        text = (DOCKER / "Dockerfile").read_text()
        assert f"AS {what['build']['target']}\n" in text and (DOCKER / what["build"]["context"]).resolve() == ROOT
    else:
        assert re.search(r":[\w.-]*\d", what["image"]) and "healthcheck" in what


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_every_variable_is_explained(name):
    text = (DOCKER / name).read_text()
    used = set(VARIABLE.findall(text)) - GIVEN_ELSEWHERE
    known = example().keys() if name == "compose.yaml" else set(re.findall(r"(\w+)=(?:https://)?…", text))
    assert used <= known, used - known


def test_nothing_in_the_example_is_a_secret_or_unused():
    assert {name: value for name, value in example().items() if SECRET.search(name)} == dict.fromkeys(
        ["SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY", "METRICS_TOKEN"], ""
    )
    assert example().keys() <= set(VARIABLE.findall((DOCKER / "compose.yaml").read_text()))


def test_only_the_proxy_listens_to_everybody():
    for _, service, what in services():
        for port in what.get("ports", []):
            assert service == "proxy" or port.startswith("${PRIVATE_ADDRESS:-127.0.0.1}:")


def test_commands_are_ones_that_the_project_has():
    for _, service, what in services():
        command = " ".join(what.get("command", []))
        for role in re.findall(r"-m worker (\w+)", command.replace("-m, worker,", "-m worker")):
            assert role in ("runs", "housekeeping", "beat", "join"), service
        for name in re.findall(r"manage.py (\w+)", command):
            assert list((ROOT / "platform").glob(f"*/management/commands/{name}.py")), name


def test_workers_have_time_for_a_last_checkpoint():
    for _, service, what in services():
        if service == "worker":
            assert what["stop_grace_period"] == "90s" and what["init"] and what["hostname"]


def test_the_web_image_needs_nothing_of_the_engine():
    """Everything that its processes do at their start, without the packages that it goes without."""
    code = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"{name} is not in this image")
sys.meta_path.insert(0, Blocked())
import core.asgi, worker.app, worker.tasks, worker.alerts
from django.urls import get_resolver
from django.core.management import get_commands, load_command_class
assert len(get_resolver().url_patterns) > 5
for name, app in get_commands().items():
    if not app.startswith("django"):
        load_command_class(app, name)
print("whole")
"""
    blocked = f"BLOCKED = {NEEDS.OF_THE_ENGINE + NEEDS.OF_MAKE_RUN!r}"
    done = subprocess.run(
        [sys.executable, "-c", f"{blocked}\n{code}"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.endswith("whole\n"), done.stderr[-2000:]


def test_the_worker_image_has_everything_but_the_servers_of_make_run():
    web, worker = (NEEDS.needs(role, ROOT / "pyproject.toml") for role in ("web", "worker"))
    assert set(web) < set(worker)
    assert {line for line in worker if line.startswith(NEEDS.OF_THE_ENGINE)} == set(worker) - set(web)
    assert not any(line.startswith(NEEDS.OF_MAKE_RUN) for line in worker)
