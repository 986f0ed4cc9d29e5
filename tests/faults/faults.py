"""What goes wrong, each as a function of the stage and a running run. It returns when the fault is over."""

import contextlib
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.faults.stage import Stage

REDELIVERIES = 5
# While a file of this name lies beside the data folder, the reward server does not answer.
HANGING = "hanging"

Strike = Callable[[Stage, str], None]


@dataclass(frozen=True)
class Fault:
    """`strike` gets the stage and a run that trains. `setting` names the stage that it needs."""

    name: str
    strike: Strike
    setting: str = "plain"


def kill_engine(stage: Stage, run: str) -> None:
    _pause_at_random()
    _kill_if_there(stage.engine(run))


def kill(name: str) -> Strike:
    """SIGKILL to one of the platform's processes, which supervisord starts again."""

    def strike(stage: Stage, run: str) -> None:
        _pause_at_random()
        before = stage.pid_of(name)
        _kill_if_there(before)
        stage.wait_for(lambda: stage.platform.processes().get(name, before) != before, f"{name} to come back")

    return strike


def kill_everything(stage: Stage, run: str) -> None:
    """As a power cut does; then `make run` again."""
    _pause_at_random()
    for pid in [*stage.platform.processes().values(), stage.engine(run)]:
        _kill_if_there(pid)
    stage.platform.process.wait()
    times = stage.platform.said().count("Flow-DPPO is up") + 1
    stage.platform.start()
    stage.platform.wait_until_up(times)


def freeze_worker(stage: Stage, run: str) -> None:
    """The worker, not its engine, stands still until its lease is gone and another node has the run; then it wakes."""
    _freeze(stage, run, [stage.pid_of("runs")])


def freeze_node(stage: Stage, run: str) -> None:
    """Worker and engine stand still, as on a machine that is paused, and wake when another node has the run."""
    _freeze(stage, run, [stage.pid_of("runs"), stage.engine(run)])


def two_workers(stage: Stage, run: str) -> None:
    """A second node comes while the run's message is delivered again and again, and its first worker is killed."""
    with tempfile.TemporaryDirectory(prefix="flowdppo-node-") as folder:
        node = stage.start_node(Path(folder) / "data")
        psutil.Process(stage.engine(run)).kill()
        for _ in range(REDELIVERIES):
            stage.nudge(run)
        stage.wait_for_end(run)
        _end(node)


def redeliver(stage: Stage, run: str) -> None:
    for _ in range(REDELIVERIES):
        stage.nudge(run)


def fill_disk(folder: str) -> Strike:
    """No room in a folder for some seconds; it lies on a small disk of its own."""

    def strike(stage: Stage, run: str) -> None:
        _pause_at_random()
        ballast = stage.data_dir / folder / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while file.write(b"\0" * (1 << 16)):
                    pass
            except OSError:
                pass
        time.sleep(6.0)
        ballast.unlink()

    return strike


def jump_clock(stage: Stage, run: str) -> None:
    """The clock of every process goes a day ahead, and then two days back."""
    for offset in ("+86400", "-86400"):
        _pause_at_random()
        clock_file(stage.data_dir).write_text(offset)
    time.sleep(2.0)


def hang_reward_server(stage: Stage, run: str) -> None:
    """Every request that is under way or comes waits; then the server answers again."""
    _pause_at_random()
    hanging = stage.data_dir.parent / HANGING
    hanging.touch()
    time.sleep(12.0)
    hanging.unlink()


def clock_file(data_dir: Path) -> Path:
    """What libfaketime reads the clock's offset from, in seconds."""
    return data_dir.parent / "clock"


def _freeze(stage: Stage, run: str, pids: list[int]) -> None:
    with tempfile.TemporaryDirectory(prefix="flowdppo-node-") as folder:
        for pid in pids:
            psutil.Process(pid).suspend()
        try:
            node = stage.start_node(Path(folder) / "data")
            stage.wait_for(lambda: stage.row(run).num_attempts >= 2, "another node to take the run")
        finally:
            for pid in pids:
                psutil.Process(pid).resume()
        stage.wait_for_end(run)
        _end(node)


def _end(node: subprocess.Popen) -> None:
    node.send_signal(signal.SIGTERM)
    node.wait()


def _kill_if_there(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).kill()


def _pause_at_random() -> None:
    time.sleep(random.uniform(0.0, 3.0))


FAULTS = [
    Fault("SIGKILL of the engine", kill_engine),
    Fault("SIGKILL of the worker", kill("runs")),
    Fault("SIGKILL of beat", kill("beat")),
    Fault("SIGKILL of housekeeping", kill("housekeeping")),
    Fault("SIGKILL of the web process", kill("uvicorn")),
    Fault("SIGKILL of Redis", kill("redis-server")),
    Fault("SIGKILL of PostgreSQL", kill("postgres")),
    Fault("power cut: SIGKILL of everything, then `make run`", kill_everything),
    Fault("a frozen worker wakes after its lease is gone", freeze_worker),
    Fault("a frozen node wakes after its lease is gone", freeze_node),
    Fault("two workers race for a run", two_workers),
    Fault("the run's message is delivered five times more", redeliver),
    Fault("full disk under the run folders", fill_disk("files"), "files on a small disk"),
    Fault("full disk under PostgreSQL", fill_disk("postgres"), "PostgreSQL on a small disk"),
    Fault("a clock that jumps by days", jump_clock, "a clock of its own"),
    Fault("a reward server that hangs", hang_reward_server, "rewards from a server"),
]
