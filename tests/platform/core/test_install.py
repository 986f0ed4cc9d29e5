"""What must hold of the installation itself."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from core import secret_key

ROOT = Path(__file__).resolve().parents[3]


def run_python(code: str, **env: str) -> subprocess.CompletedProcess:
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "platform"), "DJANGO_SETTINGS_MODULE": "core.settings", **env}
    return subprocess.run([sys.executable, "-c", code], env=environ, cwd="/", capture_output=True, text=True)


def test_the_web_process_never_imports_torch():
    done = run_python("import core.asgi, sys; print('torch' in sys.modules, core.asgi.application)")
    assert done.stdout.startswith("False "), done.stderr


def test_the_folder_platform_is_no_package():
    assert not (ROOT / "platform" / "__init__.py").exists()
    done = subprocess.run([sys.executable, "-c", "import platform; platform.system()"], cwd=ROOT)
    assert done.returncode == 0


@pytest.mark.django_db
def test_the_migrations_are_complete():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_a_secret_key_is_made_once_for_its_owner_alone(tmp_path):
    path = tmp_path / "data" / "secret_key"
    first = secret_key.read_or_create(path)
    assert len(first) > 60
    assert secret_key.read_or_create(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_the_process_that_writes_second_takes_the_first_key(tmp_path, monkeypatch):
    path = tmp_path / "secret_key"
    link = os.link

    def another_was_faster(own, target):
        Path(target).write_text("theirs")
        link(own, target)

    monkeypatch.setattr(os, "link", another_was_faster)
    assert secret_key.read_or_create(path) == "theirs"


def test_a_key_of_the_environment_wins(tmp_path):
    code = "from django.conf import settings; print(settings.SECRET_KEY, settings.DEBUG)"
    done = run_python(code, SECRET_KEY="given", FLOWDPPO_DATA=str(tmp_path))
    assert done.stdout == "given False\n"
    assert list(tmp_path.iterdir()) == []


def test_deployed_as_documented_django_has_no_complaint(tmp_path):
    code = (
        "import django; django.setup(); from django.core.management import call_command as c; "
        "c('check', deploy=True, fail_level='WARNING')"
    )
    done = run_python(code, FLOWDPPO_DATA=str(tmp_path), **example_environment())
    assert "System check identified no issues" in done.stdout + done.stderr


def example_environment() -> dict[str, str]:
    """What docker/.env.example tells an operator to set, with a value for what is left open there."""
    lines = (ROOT / "docker" / ".env.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    # Only tests need it.
    made = {"DJANGO_ALLOW_ASYNC_UNSAFE": ""}
    made |= {"SECRET_KEY": "k" * 25 + "0123456789abcdefghijABCDEFGHIJ-_", "ALLOWED_HOSTS": "flow-dppo.example.org"}
    return {name: value for name, value in given.items() if value} | made | {"HTTPS": "on"}
