"""A stand-in for the engine that trains nothing: the same run folder, events and signals, at the pace a test sets.

`python -m tests.worker.fake_engine resume FOLDER`. The environment variable FAKE_ENGINE holds options as JSON:

    hold_at         wait before this iteration until the file `go` is in the run folder
    hold_loading    wait while loading, before the first event
    ignore_sigterm  go on as if nothing had been said
    leave_child     start a child process that outlives its parent
    die_at          end without a word before this iteration, each time
    fail            end with a `failed` event: `deterministic` or `transient`
    run_out_at      end before this iteration because memory ran out, each time
    files           draw samples and fill checkpoints, of which the last so many are kept
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import yaml

from flowdppo_engine import events, launched
from flowdppo_engine.training.stopping import StopFile

CHECKPOINT_EVERY = 4
OPTIONS = json.loads(os.environ.get("FAKE_ENGINE", "{}"))


class Stop(Exception):
    pass


def main(folder: Path) -> int:
    stop_on_sigterm()
    note_how_it_was_started(folder)
    if not launched.is_main():
        return follow(folder)
    iterations = yaml.safe_load((folder / "config.yaml").read_text())["iterations"]
    if OPTIONS.get("leave_child"):
        subprocess.Popen(["sleep", "600"])
    if OPTIONS.get("hold_loading"):
        hold(folder)
    has_started = (folder / events.EVENTS_FILE).exists() and (folder / events.EVENTS_FILE).stat().st_size
    writer = events.EventWriter(folder)
    begin = resume if has_started else start
    at = begin(folder, writer, iterations)
    try:
        while at < iterations:
            if OPTIONS.get("hold_at") == at + 1:
                hold(folder)
            if OPTIONS.get("die_at") == at + 1:
                return 7
            if OPTIONS.get("run_out_at") == at + 1:
                return run_out_of_memory(writer)
            at += 1
            train(folder, writer, at)
            if StopFile(folder).is_there:
                raise Stop
    except Stop:
        checkpoint(folder, writer, at)
        StopFile(folder).take_away()
        writer.write(events.Finished(iteration=at, step=2 * at, stopped=True))
        return 0
    checkpoint(folder, writer, at)
    writer.write(events.Finished(iteration=at, step=2 * at))
    return 0


def stop_on_sigterm() -> None:
    def stop(*_):
        raise Stop

    signal.signal(signal.SIGTERM, signal.SIG_IGN if OPTIONS.get("ignore_sigterm") else stop)


def note_how_it_was_started(folder: Path) -> None:
    """For tests of several processes: what each was told, and who it is."""
    told = {name: os.environ.get(name) for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "LOCAL_RANK")}
    note = {"pid": os.getpid(), "num_processes": launched.num_processes(), **told}
    (folder / f"process-{launched.rank()}.json").write_text(json.dumps(note))


def follow(folder: Path) -> int:
    """What the first process does not do: nothing, until it has finished."""
    stream = folder / events.EVENTS_FILE
    with contextlib.suppress(Stop):
        while not (stream.exists() and b'"finished"' in stream.read_bytes()):
            time.sleep(0.02)
    return 0


def hold(folder: Path) -> None:
    (folder / "held").touch()
    while not (folder / "go").exists():
        time.sleep(0.02)


def start(folder: Path, writer: events.EventWriter, iterations: int) -> int:
    writer.write(
        events.Started(
            total_iterations=iterations, num_latent_dims=256, num_trainable_parameters=10, engine_version="fake"
        )
    )
    if "fail" in OPTIONS:
        is_deterministic = OPTIONS["fail"] == "deterministic"
        failed = events.Failed(error="It broke.", traceback="here", hint="Mend it.", deterministic=is_deterministic)
        writer.write(failed)
        sys.exit(1)
    score = events.Score(mean=0.5, low=0.4, high=0.6, per_prompt=[0.5])
    writer.write(
        events.Evaluation(
            iteration=0, step=0, prompt_set="sandbox:in_domain", num_prompts=1, scores={"a": score}, difference={}
        )
    )
    return 0


def run_out_of_memory(writer: events.EventWriter) -> int:
    told = {"error": "Out of memory.", "traceback": "there", "hint": "Take a smaller batch."}
    writer.write(events.Failed(**told, deterministic=False, memory_ran_out_in="the update"))
    return 1


def resume(folder: Path, writer: events.EventWriter, iterations: int) -> int:
    saved = sorted((folder / "checkpoints").glob("step-*"))
    at = int(saved[-1].name.removeprefix("step-")) // 2 if saved else 0
    path = saved[-1].relative_to(folder).as_posix() if saved else None
    writer.write(events.Resumed(iteration=at, step=2 * at, checkpoint=path))
    return at


def train(folder: Path, writer: events.EventWriter, at: int) -> None:
    writer.write(events.Metrics(iteration=at, step=2 * at, values={"reward/mean": at / 7, "kl": 1 / at}))
    writer.write(events.Log(level="info", message=f"iteration {at}"))
    if at % CHECKPOINT_EVERY == 0:
        checkpoint(folder, writer, at)


def checkpoint(folder: Path, writer: events.EventWriter, at: int) -> None:
    path = folder / "checkpoints" / f"step-{2 * at:06d}"
    if not path.exists():
        path.mkdir(parents=True)
        sample = events.Sample(index=0, path=f"samples/{at}.png", prompt="p", seed=1, rewards={"a": at / 7})
        removed = keep_files(folder, path, sample.path) if "files" in OPTIONS else []
        writer.write(events.Samples(iteration=at, step=2 * at, samples=[sample]))
        told = {"path": path.relative_to(folder).as_posix(), "num_bytes": 1, "removed": removed}
        writer.write(events.Checkpoint(iteration=at, step=2 * at, **told))


def keep_files(folder: Path, checkpoint: Path, sample: str) -> list[str]:
    """Write what a real engine would, and delete the checkpoints that are too many; returns which."""
    (folder / sample).parent.mkdir(exist_ok=True)
    (folder / sample).write_bytes(b"picture " + sample.encode())
    (checkpoint / "weights").write_text(checkpoint.name)
    saved = sorted((folder / "checkpoints").glob("step-*"))
    for old in saved[: -OPTIONS["files"]]:
        shutil.rmtree(old)
    return [old.relative_to(folder).as_posix() for old in saved[: -OPTIONS["files"]]]


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[2])))
    except Stop:
        sys.exit(143)
