"""A stand-in for the engine at small work: the same events and signals, at the pace a test sets.

`python -m tests.worker.fake_job_engine score|preflight|evaluate FOLDER`. FAKE_ENGINE, in the environment, has options:

    hold          wait before the second picture until the file `go` is in the job's folder
    die           end without a word, each time
    fail          end with a `failed` event
    leave_child   start a child process that outlives its parent
    needs_input   fail where what the job was given is not in its folder
    die_after     of an evaluation's first start: end without a word after so many prompts
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import yaml
from PIL import Image

from flowdppo_engine import events

OPTIONS = json.loads(os.environ.get("FAKE_ENGINE", "{}"))


def main(verb: str, folder: Path) -> int:
    job = yaml.safe_load((folder / "job.yaml").read_text())
    writer = events.EventWriter(folder)
    if OPTIONS.get("leave_child"):
        subprocess.Popen(["sleep", "600"])
    if OPTIONS.get("needs_input"):
        assert job["given"] and all((folder / given["file"]).is_file() for given in job["given"])
    if OPTIONS.get("die"):
        print("it died here", flush=True)
        return 7
    if OPTIONS.get("fail"):
        failed = events.Failed(error="It broke.", traceback="here", hint="Mend it.", deterministic=False)
        writer.write(failed)
        return 1
    {"score": score, "preflight": preflight, "evaluate": evaluate}[verb](job, folder, writer)
    writer.write(events.Finished(iteration=0, step=0))
    return 0


def score(job: dict, folder: Path, writer: events.EventWriter) -> None:
    (folder / "samples").mkdir()
    for index in range(2):
        if index and OPTIONS.get("hold"):
            hold(folder)
        writer.write(events.Phase(phase="evaluate", done=index, total=2, unit="pictures", seconds_left=2.0 - index))
        Image.new("RGB", (8, 8), (index, 0, 0)).save(folder / "samples" / f"{index}.png")
        sample = events.Sample(
            index=index, path=f"samples/{index}.png", prompt="p", seed=index, rewards={"a": index / 2}
        )
        writer.write(events.Samples(iteration=0, step=0, samples=[sample]))
    reward = events.TriedReward(
        name="a", weight=1.0, mean=0.25, std=0.25, group_std=0.25, num_alike_groups=0, seconds_per_image=0.5
    )
    writer.write(events.Scored(rewards=[reward], totals=[0.0, 0.5], num_groups=1, num_alike_groups=0, left_out=[]))


def preflight(job: dict, folder: Path, writer: events.EventWriter) -> None:
    if OPTIONS.get("hold"):
        hold(folder)
    tried = {"device": "fake", "peak_memory_gib": 1.0, "device_memory_gib": None, "num_images": 2, "seconds": {}}
    writer.write(events.Tried(**tried, seconds_per_iteration=1.0, seconds_for_run=60.0))


def evaluate(job: dict, folder: Path, writer: events.EventWriter) -> None:
    """Two prompts by each policy; what is told is not done again."""
    lines = (folder / events.EVENTS_FILE).read_bytes().splitlines()
    told = [event for line in lines if isinstance(event := events.parse_event(line), events.Drawn)]
    done = {(one.iteration, one.drawings[0].index) for one in told}
    (folder / "pictures").mkdir()
    for policy in [{"iteration": 0}, *job["checkpoints"]]:
        iteration = policy["iteration"]
        assert not iteration or (folder / policy["folder"] / "weights").read_bytes() == b"1"
        for index in (place for place in range(2) if (iteration, place) not in done):
            if OPTIONS.get("die_after") == len(done) and not told:
                os._exit(7)
            path = f"pictures/{iteration}-{index}.png"
            Image.new("RGB", (8, 8), (iteration, index, 0)).save(folder / path)
            drawing = {"index": index, "path": path, "prompt": "p", "seed": 0, "rewards": {"a": index}, "kl": None}
            at = {"iteration": iteration, "prompt_set": "sandbox:in_domain"}
            writer.write(events.Drawn(**at, drawings=[drawing], spread=[]))
            done.add((iteration, index))


def hold(folder: Path) -> None:
    (folder / "held").touch()
    while not (folder.parent / "go").exists():
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
