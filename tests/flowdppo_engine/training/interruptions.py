"""Runs a tiny run to its end, and again with an interruption of each kind, each time in a forked process.

`python interruptions.py WORKDIR` leaves a run folder for each, and `exit_codes.json`. One script for all of them,
because importing torch takes longer than the runs.
"""

import json
import os
import signal
import sys
from pathlib import Path

import torch

from flowdppo_engine.events import EventWriter
from flowdppo_engine.training import checkpoints, run, setup
from flowdppo_engine.training.keeper import CheckpointKeeper
from flowdppo_engine.training.stopping import Stopped, StopRequest
from flowdppo_engine.training.update import Update
from tests.flowdppo_engine.brightness import brightness_suite
from tests.flowdppo_engine.tiny_run import tiny_config, write_prompts
from tests.flowdppo_engine.tiny_sd3 import make_pipeline


def send(signum: int) -> None:
    os.kill(os.getpid(), signum)


def at_call(owner, name: str, number: int, signum: int, before: bool = True) -> None:
    """Send `signum` at the `number`-th call of `owner.name`, before it or after it."""
    original, calls = getattr(owner, name), []

    def interrupted(*args, **options):
        calls.append(None)
        if before and len(calls) == number:
            send(signum)
        result = original(*args, **options)
        if not before and len(calls) == number:
            send(signum)
        return result

    setattr(owner, name, interrupted)


def at_event(kind: str, number: int, signum: int) -> None:
    """Send `signum` once the `number`-th event of a kind is written."""
    original, seen = EventWriter.write, []

    def write(self, event):
        original(self, event)
        if event.type == kind:
            seen.append(None)
            if len(seen) == number:
                send(signum)

    EventWriter.write = write


def in_the_middle_of_a_line() -> None:
    original = EventWriter.write

    def write(self, event):
        if event.type == "metrics" and event.iteration == 3:
            self._file.write(event.model_dump_json()[:40].encode())
            send(signal.SIGKILL)
        original(self, event)

    EventWriter.write = write


KILL, TERM = signal.SIGKILL, signal.SIGTERM
INTERRUPTIONS = {
    "killed_in_first_rollout": lambda: at_call(setup.RewardSuite, "submit", 4, KILL),
    "killed_in_first_update": lambda: at_call(Update, "_step", 2, KILL),
    "killed_in_third_update": lambda: at_call(Update, "_step", 6, KILL),
    "killed_after_metrics": lambda: at_event("metrics", 3, KILL),
    "killed_while_staging": lambda: at_call(checkpoints, "_write_manifest", 2, KILL),
    "killed_before_announcing": lambda: at_call(CheckpointKeeper, "_removed", 1, KILL),
    "killed_before_evaluating": lambda: at_event("checkpoint", 1, KILL),
    "killed_between_evaluations": lambda: at_event("evaluation", 3, KILL),
    "killed_before_samples": lambda: at_event("evaluation", 4, KILL),
    "killed_in_a_line": in_the_middle_of_a_line,
    "killed_at_the_end": lambda: at_event("samples", 3, KILL),
    "stopped_in_rollout": lambda: at_call(setup.RewardSuite, "submit", 10, TERM),
    "stopped_in_update": lambda: at_call(Update, "_step", 5, TERM),
    "stopped_in_first_update": lambda: at_call(Update, "_step", 1, TERM),
    "stopped_in_evaluation": lambda: at_event("evaluation", 3, TERM),
    "stopped_while_loading": lambda: at_call(setup, "load_model", 1, TERM),
}


def in_child(work) -> int:
    """The exit code of `work()` in a forked process, negative for a signal."""
    pid = os.fork()
    if pid == 0:
        os._exit(work())
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def begin(config, folder: Path, interrupt=lambda: None) -> int:
    interrupt()
    return _work(lambda stop: run.train(config, folder, stop=stop, rewards=brightness_suite()))


def take_up(folder: Path, interrupt=lambda: None) -> int:
    interrupt()
    return _work(lambda stop: run.resume(folder, stop=stop, rewards=brightness_suite()))


def _work(do) -> int:
    stop = StopRequest()
    stop.install()
    try:
        return do(stop)
    except Stopped:
        return run.EXIT_STOPPED_EARLY


def damage_latest(folder: Path) -> None:
    latest = checkpoints.list_checkpoints(folder)[-1]
    weights = latest / "pytorch_lora_weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-5] ^= 1
    weights.write_bytes(content)


def main(workdir: Path) -> None:
    torch.set_num_threads(1)
    make_pipeline().save_pretrained(workdir / "model")
    first = write_prompts(workdir)
    second = workdir / "more.txt"
    second.write_text("a red dog\na blue cat\n", encoding="utf-8")
    config = tiny_config(workdir / "model", first, evaluation={"prompt_sets": [str(first), str(second)]})

    codes = {"undisturbed": [in_child(lambda: begin(config, workdir / "undisturbed"))]}
    for name, interrupt in INTERRUPTIONS.items():
        folder = workdir / name
        codes[name] = [
            in_child(lambda: begin(config, folder, interrupt)),  # noqa: B023 (called at once)
            in_child(lambda: take_up(folder)),  # noqa: B023
        ]
    folder = workdir / "killed_twice"
    codes["killed_twice"] = [
        in_child(lambda: begin(config, folder, lambda: at_event("metrics", 3, KILL))),
        in_child(lambda: take_up(folder, lambda: at_event("metrics", 1, KILL))),
        in_child(lambda: take_up(folder)),
    ]
    folder = workdir / "killed_then_stopped"
    codes["killed_then_stopped"] = [
        in_child(lambda: begin(config, folder, lambda: at_event("metrics", 3, KILL))),
        in_child(lambda: take_up(folder, lambda: at_call(setup, "load_model", 1, TERM))),
        in_child(lambda: take_up(folder)),
    ]
    folder = workdir / "damaged"
    codes["damaged"] = [in_child(lambda: begin(config, folder))]
    damage_latest(folder)
    codes["damaged"].append(in_child(lambda: take_up(folder)))
    (workdir / "exit_codes.json").write_text(json.dumps(codes), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
