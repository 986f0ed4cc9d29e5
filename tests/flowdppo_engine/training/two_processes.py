"""Tiny runs of two processes, each in forked processes of their own.

`accelerate launch … two_processes.py WORKDIR` leaves a run folder for each, with the run of one process beside it as
`NAME-alone`, and `exits-RANK.json`. One launch for all of them, because importing torch takes longer than the runs.
"""

import importlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

import torch

from flowdppo_engine import launched
from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import merge
from flowdppo_engine.rewards.base import Measurement
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training import run, setup
from flowdppo_engine.training.processes import Processes
from flowdppo_engine.training.stopping import StopFile, StopRequest
from flowdppo_engine.training.update import Update
from tests.flowdppo_engine.brightness import Brightness
from tests.flowdppo_engine.tiny_run import tiny_config
from tests.flowdppo_engine.training.interruptions import at_call, in_child
from tests.flowdppo_engine.training.zero2_steps import compare

Work = Callable[[Path, StopRequest], int]
NOTHING: Mapping[str, str] = MappingProxyType({})
BLIND_FOR = "the sea"


class HalfBlind(Brightness):
    """Finds every picture of the sea alike: a process that has no other group in an iteration has no tile."""

    def measure(self, images, prompts):
        seen = torch.tensor([prompt.text != BLIND_FOR for prompt in prompts])
        reward = torch.where(seen, self.look(images.flatten(1)), 0.0)
        return Measurement(reward, {self.name: reward})

    def look(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.mean(dim=1)


class Contrast(HalfBlind):
    name = "contrast"

    def look(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.std(dim=1)


# Adam's step on a gradient that is next to nothing goes anywhere: a larger epsilon keeps float noise small.
COMMON = {"optimizer": {"eps": 1e-4}, "iterations": 2}
VARIANTS = {
    "policy_gradient": {},
    "uneven": {
        "evaluation": {"num_prompts": 3, "batch_size": 1},
        "samples": {"num_prompts": 3, "seeds_per_prompt": 1, "rollout_groups": 2},
        "reference": {"num_logged": 7}, "advantage": {"std": "batch"}, "update": {"tile_samples": 3},
    },
    "no_advantage": {"rollout": {"groups_per_iteration": 2}, "update": {"tile_samples": 3}},
    "masked": {
        "trust_region": {"threshold": {"value": 1e-7}}, "update": {"inner_epochs": 2, "tile_samples": 1},
        "advantage": {"aggregation": "gdpo"}, "rollout": {"shared_initial_noise": True},
    },
    "diffusion_nft": {
        "objective": {"name": "diffusion_nft"}, "rollout": {"dynamics": {"name": "ode"}},
        "trust_region": {"name": "none"}, "reference": {"measure": "velocity", "beta": 0.1},
    },
    "recomputed": {"update": {"old_policy": "recomputed", "tile_samples": 3}, "rollout": {"guidance_scale": 3.0}},
}  # fmt: skip
SHARDED = ("uneven", "no_advantage", "masked", "diffusion_nft", "recomputed")
SHARING_OPTIMIZER = ("no_advantage", "masked", "diffusion_nft")
ZERO2 = {"ACCELERATE_USE_DEEPSPEED": "true", "ACCELERATE_DEEPSPEED_ZERO_STAGE": "2"}
FSDP = {"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2", "FSDP_RESHARD_AFTER_FORWARD": "true"}


def on_rank(rank: int, act: Callable[[], None]) -> Callable[[], None]:
    return lambda: act() if launched.rank() == rank else None


def fail_at(owner: type, name: str, number: int, error: BaseException) -> None:
    """Raise `error` at the `number`-th call of `owner.name`."""
    original, calls = getattr(owner, name), []

    def failing(*args, **options):
        calls.append(None)
        if len(calls) == number:
            raise error
        return original(*args, **options)

    setattr(owner, name, failing)


def fail_in_reward() -> None:
    fail_at(HalfBlind, "measure", 7, MemoryError("no memory for the picture"))


def lose_the_other_one() -> None:
    """One process is killed while the main one is at work; the launcher then asks that one to stop."""
    if launched.rank() == 1:
        at_call(HalfBlind, "measure", 1, KILL)
        return

    def hang(self, images, prompts):
        os.kill(os.getpid(), TERM)
        time.sleep(60)

    HalfBlind.measure = hang


KILL, TERM = signal.SIGKILL, signal.SIGTERM
ENDINGS = {
    "failed_reward": on_rank(1, fail_in_reward),
    "failed_update": on_rank(1, lambda: fail_at(Update, "_step", 3, RuntimeError("CUDA out of memory."))),
    "failed_main": on_rank(0, lambda: fail_at(Update, "_step", 3, KeyError("bug"))),
    "failed_loading": on_rank(1, lambda: fail_at(setup.PromptSets, "load", 1, FileNotFoundError(2, "gone", "/x"))),
    "killed_other": on_rank(1, lambda: at_call(Update, "_step", 3, KILL)),
    "lost_other": lose_the_other_one,
    "stopped_in_rollout": on_rank(1, lambda: at_call(RewardSuite, "submit", 4, TERM)),
    "stopped_main_in_update": on_rank(0, lambda: at_call(Update, "_step", 3, TERM)),
    "stopped_both": lambda: at_call(Processes, "add_up", 3 + launched.rank(), TERM),
    "stopped_in_evaluation": on_rank(1, lambda: at_call(RewardSuite, "submit", 5, TERM)),
    "stopped_while_loading": on_rank(1, lambda: at_call(setup, "load_model", 1, TERM)),
}  # fmt: skip
SHARDED_ENDINGS = ("failed_reward", "stopped_in_rollout")


class Runner:
    """Runs one thing after the other in both processes, each time with a new place to meet at."""

    def __init__(self, workdir: Path):
        self._workdir = workdir
        self._meetings = 0
        self.exits: dict[str, list[float]] = {}

    def config(self, changes: dict):
        two = changes.get("rollout", {}).get("groups_per_iteration") == 2
        prompts = self._workdir / ("two.txt" if two else "prompts.txt")
        return tiny_config(self._workdir / "model", prompts, **merge(COMMON, changes))

    def together(self, name: str, work: Work, environment: Mapping[str, str] = NOTHING) -> None:
        """Note the exit code and the seconds of `work` in each of the two processes."""
        # The launcher's own store serves one meeting only.
        meeting = {"TORCHELASTIC_USE_AGENT_STORE": "False", "MASTER_PORT": self._agree_on_port()}
        started = time.monotonic()
        code = self._in_child(name, work, meeting | environment)
        self.exits[name] = [code, time.monotonic() - started]

    def _agree_on_port(self) -> str:
        """A free port that the main process has found for this meeting."""
        self._meetings += 1
        told = self._workdir / f"meeting-{self._meetings}.port"
        if launched.is_main():
            with socket.create_server(("127.0.0.1", 0)) as server:
                staged = told.with_suffix(".staged")
                staged.write_text(str(server.getsockname()[1]))
                staged.rename(told)
        while not told.exists():
            time.sleep(0.01)
        return told.read_text()

    def alone(self, name: str, work: Work) -> None:
        """Once, in a process that knows nothing of another."""
        if launched.is_main():
            self._in_child(name, work, {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "-1"})

    def _in_child(self, name: str, work: Work, environment: Mapping[str, str]) -> int:
        def go() -> int:
            os.environ.update(environment)
            stop = StopRequest()
            stop.install()
            return work(self._workdir / name, stop)

        return in_child(go)


def train(config: RunConfig, interfere: Callable[[], None] = lambda: None) -> Work:
    def work(folder: Path, stop: StopRequest) -> int:
        interfere()
        return run.train(config, folder, stop=stop, rewards=make_rewards())

    return work


def train_until_stop_file(config: RunConfig) -> Work:
    """The main process finds a stop file after the first iteration."""

    def work(folder: Path, stop: StopRequest) -> int:
        lay = [lambda event: event.type == "metrics" and StopFile(folder).lay()]
        return run.train(config, folder, stop=stop, rewards=make_rewards(), listeners=lay)

    return work


def take_up(folder: Path, stop: StopRequest) -> int:
    return run.resume(folder, stop=stop, rewards=make_rewards())


def make_rewards() -> RewardSuite:
    return RewardSuite({HalfBlind(): 1.0, Contrast(): 0.5})


def run_everything(runner: Runner) -> None:
    for name, changes in VARIANTS.items():
        config = runner.config(changes)
        runner.alone(f"{name}-alone", train(config))
        runner.together(name, train(config))
        if name in SHARDED:
            runner.together(f"{name}-sharded", train(config), FSDP)
    config = runner.config({})
    stopped = partial(at_call, Update, "_step", 3, TERM)
    runner.alone("from_one_to_two", train(config, stopped))
    runner.together("from_one_to_two", take_up)
    runner.together("from_two_to_one", train(config, stopped))
    runner.alone("from_two_to_one", take_up)
    runner.together("from_stop_file", train_until_stop_file(config), FSDP)
    runner.together("from_stop_file", take_up)
    for name, interfere in ENDINGS.items():
        runner.together(name, train(config, interfere))
    for name in SHARDED_ENDINGS:
        runner.together(f"{name}-sharded", train(config, ENDINGS[name]), FSDP)
    runner.together("uneven_groups", train(runner.config({"rollout": {"groups_per_iteration": 3}})))


def run_zero2(runner: Runner) -> None:
    importlib.import_module("deepspeed")  # Once, and not in each forked process.
    for name in SHARING_OPTIMIZER:
        config = runner.config(VARIANTS[name])
        runner.alone(f"{name}-alone", train(config))
        runner.together(f"{name}-zero2", train(config), ZERO2)
    config = runner.config({})
    stopped = partial(at_call, Update, "_step", 3, TERM)
    runner.alone("policy_gradient-alone", train(config))
    runner.together("from_zero2_to_one", train(config, stopped), ZERO2)
    runner.alone("from_zero2_to_one", take_up)
    runner.alone("from_one_to_zero2", train(config, stopped))
    runner.together("from_one_to_zero2", take_up, ZERO2)
    runner.together("zero2_steps", compare, ZERO2)
    runner.together("failed_update-zero2", train(config, ENDINGS["failed_update"]), ZERO2)


WORK = {"everything": run_everything, "zero2": run_zero2}


def main(workdir: Path, what: str) -> None:
    torch.set_num_threads(1)
    runner = Runner(workdir)
    WORK[what](runner)
    (workdir / f"exits-{launched.rank()}.json").write_text(json.dumps(runner.exits), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
