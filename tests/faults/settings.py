"""The stages that faults need: as it is, on a small disk, with a clock that can be set, with a reward server."""

import contextlib
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from flowdppo_engine.recipes import recipe_fields
from tests.faults.faults import HANGING, clock_file
from tests.faults.stage import Stage
from tests.flowdppo_engine.rewards.remote.reward_server import Answer, Request, RewardServer, as_json

ITERATIONS = 8
SMALL = "400m"


class CannotBeRun(Exception):
    """This machine does not offer what the setting needs; the message says what."""


@contextlib.contextmanager
def set_stage(setting: str) -> Iterator[tuple[Stage, dict]]:
    """The stage and the configuration of its runs. Raises CannotBeRun."""
    with tempfile.TemporaryDirectory(prefix="flowdppo-faults-") as name, contextlib.ExitStack() as held:
        folder = Path(name)
        environment, rewards = {}, []
        if setting == "files on a small disk":
            held.enter_context(small_disk(folder / "data" / "files"))
        elif setting == "PostgreSQL on a small disk":
            held.enter_context(small_disk(folder / "data" / "postgres"))
        elif setting == "a clock of its own":
            environment = own_clock(folder)
        elif setting == "rewards from a server":
            server = held.enter_context(RewardServer(answer_unless_hanging(folder)))
            environment = {"FLOWDPPO_REWARD_HOSTS": "127.0.0.1:*"}
            rewards = [{"name": "http", "url": f"{server.url}/score", "timeout_seconds": 2.0, "attempts": 10}]
        yield held.enter_context(Stage(folder, OMP_NUM_THREADS="1", **environment)), configuration(rewards)


def configuration(rewards: list[dict]) -> dict:
    """A short run with a checkpoint every second iteration."""
    fields = recipe_fields("sandbox-smoke")
    return fields | {"iterations": ITERATIONS, "rewards": fields["rewards"] + rewards}


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL},mode=0755", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True) if os.geteuid() == 0 else None
    if mounted is None or mounted.returncode:
        raise CannotBeRun("needs the right to mount a small disk (root)")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def own_clock(folder: Path) -> dict[str, str]:
    import libfaketime

    clock_file(folder / "data").write_text("+0")
    library = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock_file(folder / "data")),
        "FAKETIME_CACHE_DURATION": "1",
        # What jumps is the time of day; a machine's steady clock does not.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def answer_unless_hanging(folder: Path):
    """Scores that depend on the request alone, so that every run of the same seed gets the same."""

    def answer(request: Request, number: int) -> Answer:
        hanging = folder / HANGING
        let_go = threading.Event()
        if hanging.exists():
            threading.Thread(target=_wait_until_gone, args=(hanging, let_go), daemon=True).start()
        else:
            let_go.set()
        scores = [len(prompt) % 7 / 7 for prompt in request.body["prompts"]]
        return as_json({"scores": {"reward": scores}}, after=let_go)

    return answer


def _wait_until_gone(path: Path, let_go: threading.Event) -> None:
    while path.exists():
        time.sleep(0.1)
    let_go.set()
