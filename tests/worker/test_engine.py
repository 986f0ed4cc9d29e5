"""The engine as a child: what it is given, and when it begins."""

import json
import sys

import psutil
import pytest
import yaml
from pydantic import ValidationError

from flowdppo_engine.config import RunConfig
from tests.worker.conftest import wait_for
from worker.devices import Devices
from worker.engine import Engine, console_tail, write_config

PRINT_ENVIRONMENT = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]), file=sys.stderr)"


@pytest.fixture
def engine(settings, tmp_path):
    """An engine that prints what it was given."""
    settings.ENGINE_COMMAND = [sys.executable, "-c", PRINT_ENVIRONMENT]
    started = Engine(tmp_path, Devices())
    yield started
    started.end()


def test_it_gets_the_folder_and_no_secrets(engine, tmp_path, monkeypatch):
    engine.go()
    wait_for(lambda: engine.exit_code() is not None, "the engine to end")
    arguments, environment = json.loads(console_tail(tmp_path))
    assert arguments == ["resume", str(tmp_path)]
    assert not {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"} & environment.keys()
    assert "PATH" in environment


def test_it_does_not_begin_before_it_may(engine, tmp_path):
    assert engine.exit_code() is None
    assert len(engine.group.members()) == 1
    assert "sh" in psutil.Process(engine.group.pid).name()
    # This is what the death of the supervisor looks like to it.
    engine._process.stdin.close()
    wait_for(lambda: engine.exit_code() is not None, "the shell to end")
    assert console_tail(tmp_path) == ""


def test_the_configuration_is_laid_down_for_each_attempt_and_checked(tmp_path):
    for iterations in (3, 4):
        write_config(tmp_path / "run", {"iterations": iterations})
        written = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
        assert RunConfig.model_validate(written) == RunConfig(iterations=iterations)
    with pytest.raises(ValidationError, match="seed"):
        write_config(tmp_path / "other", {"seed": -1})
    assert not (tmp_path / "other" / "config.yaml").exists()


def test_the_tail_of_the_console_is_its_end(tmp_path):
    assert console_tail(tmp_path) == ""
    (tmp_path / "console.log").write_text("start\n" + "x" * 5000 + "\nend\n")
    assert console_tail(tmp_path).endswith("x\nend")
    assert "start" not in console_tail(tmp_path)
