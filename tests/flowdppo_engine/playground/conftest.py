"""Checkpoints of a tiny run, and the real drawing process."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowdppo_engine.models.conditions import ConditionStore
from flowdppo_engine.playground.messages import Adapter, Painter, Reply, parse_reply
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.recipes import read_config
from flowdppo_engine.training import run
from tests.flowdppo_engine.brightness import brightness_suite
from tests.flowdppo_engine.tiny_run import tiny_config


@pytest.fixture(scope="session")
def trained(tiny_folder, prompts_file, tmp_path_factory) -> Path:
    """A run with two checkpoints and averaged weights."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    config = tiny_config(
        *(tiny_folder, prompts_file),
        iterations=2,
        optimizer={"lr": 5e-2},
        evaluation={"every": 2},
        checkpoint={"every": 1},
    )
    assert run.train(config, folder, rewards=brightness_suite()) == 0
    return folder


@pytest.fixture(scope="session")
def painters(trained) -> list[Painter]:
    """The base model, and the policy at both checkpoints."""
    config = read_config(trained / "config.yaml")
    adapters = [Adapter(key=name, folder=trained / "checkpoints" / name) for name in ("step-000002", "step-000004")]
    return [Painter(config=config), *(Painter(config=config, adapter=adapter) for adapter in adapters)]


@pytest.fixture
def evaluated(trained, tmp_path):
    """`evaluated(checkpoint, prompt, seeds)`: pictures as an evaluation of the run draws them; None is the base."""
    from flowdppo_engine.evaluation.pictures import draw_pictures
    from flowdppo_engine.evaluation.policy import load_policy

    def evaluated(checkpoint: str | None, prompt: str, seeds: list[int], **evaluation):
        policy = load_policy(str(trained), checkpoint or "step-000002")
        config = policy.config.model_copy(
            update={"evaluation": policy.config.evaluation.model_copy(update={"batch_size": 1, **evaluation})}
        )
        store = ConditionStore.encode(policy.model.encode_prompts, [prompt], tmp_path)

        def draw():
            return draw_pictures(config, policy.model, store, [Prompt(prompt)], seeds)

        if checkpoint:
            return draw()
        with policy.model.reference():
            return draw()

    return evaluated


class DrawingProcess:
    """`python -m flowdppo_engine draw`, asked by lines and heard by lines."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flowdppo_engine", "draw"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def ask(self, request: object) -> None:
        line = request if isinstance(request, bytes) else json.dumps(request).encode()
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def hear(self) -> Reply:
        return parse_reply(self._lines.get(timeout=600))

    def hear_all(self) -> list[Reply]:
        """Up to the last word on a request, without the steps."""
        heard = []
        while not heard or heard[-1].type not in ("done", "cancelled", "refused"):
            reply = self.hear()
            heard += [reply] if reply.type != "step" else []
        return heard

    def end(self) -> int:
        self.process.stdin.close()
        return self.process.wait(timeout=600)

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line)


@pytest.fixture(scope="module")
def drawing() -> Iterator[DrawingProcess]:
    started = DrawingProcess()
    assert started.hear().type == "ready"
    yield started
    started.process.kill()
    started.process.wait()
