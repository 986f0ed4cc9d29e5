"""Kills tiny runs with SIGKILL at random moments of their lives, takes them up again, and leaves their folders.

`python random_kills.py WORKDIR`. A moment is a call, of whatever function, Python's own or torch's: the undisturbed
run of each configuration is counted through, and the moments are drawn from what was counted. Calls lie thick where a
run computes; so that short acts get their share of kills, each act of a run (its room) has its own count.
"""

import gc
import inspect
import json
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import torch

from flowdppo_engine.events import EventWriter
from flowdppo_engine.models.conditions import ConditionStore
from flowdppo_engine.recipes import merge
from flowdppo_engine.training import checkpoints, reporting, setup
from flowdppo_engine.training.iteration import Iteration
from flowdppo_engine.training.keeper import CheckpointKeeper
from flowdppo_engine.training.loop import Loop
from flowdppo_engine.training.state import TrainState
from flowdppo_engine.training.update import Update
from tests.flowdppo_engine.tiny_run import tiny_config, write_prompts
from tests.flowdppo_engine.tiny_sd3 import make_pipeline
from tests.flowdppo_engine.training.interruptions import begin, in_child, take_up

ROOMS = {
    "load": setup.prepare,
    "encode": ConditionStore.encode,
    "rollout": Iteration._roll_out,
    "update": Update.run,
    "judge": Iteration._judge,
    "stage": checkpoints.write,
    "save": TrainState.save,
    "prune": checkpoints.prune,
    "write an event": EventWriter.write,
    "evaluate": Loop._evaluate,
    "rank": CheckpointKeeper.rank,
    "draw samples": Loop._draw_samples,
}
COMMON = {
    "iterations": 3,
    "rollout": {"group_size": 4, "groups_per_iteration": 2, "num_denoising_steps": 4},
    "evaluation": {"every": 1, "num_prompts": 2, "num_denoising_steps": 1},
    "checkpoint": {"every": 1, "keep_last": 1, "keep_best": 1},
    "samples": {"every": 2, "num_prompts": 1},
}
# What each configuration keeps beyond LoRA and moments: averages, a schedule's place, numbers that adapt.
CONFIGURATIONS = {
    "mask": {
        "ema": {"decay": 0.9, "schedule": "warmup", "every": 2},
        "optimizer": {"lr": 3e-3, "schedule": "cosine", "warmup_steps": 3},
    },
    "diffusion_nft": {
        "objective": {"name": "diffusion_nft", "old_policy": {"flat": 2, "rate": 0.2}},
        "trust_region": {"name": "none"},
        "rollout": {"dynamics": {"name": "ode"}},
        "reference": {"measure": "velocity"},
    },
    "kl_penalty": {
        "trust_region": {"name": "kl_penalty", "target": {"value": 1e-9}},
        "reference": {"beta": 0.1},
        "ema": {"decay": 0.5, "every": 2},
    },
    "adaptive_clip": {
        "trust_region": {"name": "adaptive_clip", "target": {"value": 1e-9}},
        "rollout": {"stochastic_steps": {"name": "sliding_window", "every": 2, "order": "random"}},
        "update": {"inner_epochs": 2, "old_policy": "recomputed"},
        "ema": {"decay": 0.0},
    },
}  # fmt: skip
SEED, NUM_MOMENTS = 20, 20


class Calls:
    """Counts a process's calls by room, and ends it at the `number`-th one in `room`."""

    def __init__(self, room: str = "", number: int = 0):
        self.counts = Counter()
        self._target = (room, number)
        self._rooms = {inspect.unwrap(function).__code__: name for name, function in ROOMS.items()}
        self._inside = ["elsewhere"]

    def start(self) -> None:
        # Both would come at moments of their own, and with them calls.
        gc.disable()
        reporting.SECONDS_BETWEEN_PHASES = 0
        sys.setprofile(self._see)

    def _see(self, frame, event, argument) -> None:
        if event == "call" and frame.f_code in self._rooms:
            self._inside.append(self._rooms[frame.f_code])
        elif event == "return" and frame.f_code in self._rooms:
            self._inside.pop()
        elif event in ("call", "c_call"):
            room = self._inside[-1]
            self.counts[room] += 1
            if (room, self.counts[room]) == self._target:
                os.kill(os.getpid(), signal.SIGKILL)


def count(config, folder: Path) -> Counter:
    """The calls of an undisturbed run, which stays in `folder`."""

    def work() -> int:
        calls = Calls()
        code = begin(config, folder, calls.start)
        sys.setprofile(None)
        folder.with_suffix(".json").write_text(json.dumps(calls.counts))
        return code

    assert in_child(work) == 0
    return Counter(json.loads(folder.with_suffix(".json").read_text()))


def draw(counts: dict[str, Counter], rng: random.Random) -> list[tuple[str, str, int]]:
    """Configuration, room and number of the call, NUM_MOMENTS times: rooms and configurations in turn."""
    rooms = rng.sample(["elsewhere", *ROOMS], k=len(ROOMS) + 1)
    moments = []
    for index in range(NUM_MOMENTS):
        name, room = list(counts)[index % len(counts)], rooms[index % len(rooms)]
        moments.append((name, room, rng.randint(1, counts[name][room])))
    return moments


def main(workdir: Path) -> None:
    torch.set_num_threads(1)
    make_pipeline().save_pretrained(workdir / "model")
    prompts = write_prompts(workdir)
    configs = {}
    for name, fields in CONFIGURATIONS.items():
        configs[name] = tiny_config(workdir / "model", prompts, **merge(COMMON, fields))
    counts = {name: count(config, workdir / name) for name, config in configs.items()}
    killed = []
    for number, (name, room, call) in enumerate(draw(counts, random.Random(SEED))):
        folder = workdir / f"{number:02d}-{name}"
        code = in_child(lambda: begin(configs[name], folder, Calls(room, call).start))  # noqa: B023 (called at once)
        last = in_child(lambda: take_up(folder))  # noqa: B023
        killed.append({"folder": folder.name, "undisturbed": name, "room": room, "call": call, "codes": [code, last]})
    (workdir / "killed.json").write_text(json.dumps(killed))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
