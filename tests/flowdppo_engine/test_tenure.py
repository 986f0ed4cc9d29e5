"""An engine that another attempt has displaced writes nothing more."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flowdppo_engine.events import EVENTS_FILE
from flowdppo_engine.tenure import ATTEMPT_VARIABLE, take_over

WRITER = """
import sys
from pathlib import Path
from flowdppo_engine.events import EventWriter, Log
from flowdppo_engine.training import checkpoints
folder = Path(sys.argv[1])
writer = EventWriter(folder)
writer.write(Log(level="info", message="mine"))
print("wrote", flush=True)
what = input()
if what == "event":
    writer.write(Log(level="info", message="too late"))
else:
    checkpoints.write(folder / "checkpoints" / "step-000002", lambda staging: (staging / "a").write_text("a"))
print("went on", flush=True)
"""


def start(folder: Path, attempt: int | None) -> subprocess.Popen:
    env = {name: text for name, text in os.environ.items() if name != ATTEMPT_VARIABLE}
    env |= {ATTEMPT_VARIABLE: str(attempt)} if attempt else {}
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", WRITER, str(folder)]
    process = subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout.readline() == "wrote\n"
    return process


@pytest.mark.parametrize("what", ["event", "checkpoint"])
def test_a_displaced_engine_ends_without_a_word(tmp_path, what):
    take_over(tmp_path, 1)
    displaced = start(tmp_path, attempt=1)
    take_over(tmp_path, 2)
    said, complaint = displaced.communicate(what + "\n")
    assert (displaced.returncode, said) == (os.EX_TEMPFAIL, "")
    assert complaint == "Attempt 2 has taken over; attempt 1 ends.\n"
    assert (tmp_path / EVENTS_FILE).read_text().count("\n") == 1
    assert not (tmp_path / "checkpoints" / "step-000002").exists()


@pytest.mark.parametrize("attempt", [2, 3, None])
def test_who_holds_the_folder_goes_on(tmp_path, attempt):
    take_over(tmp_path, 2)
    said, _ = start(tmp_path, attempt).communicate("event\n")
    assert said == "went on\n"
    assert (tmp_path / EVENTS_FILE).read_text().count("\n") == 2
