"""The drawing process of this node: a child that stays, asked and heard by lines."""

import contextlib
import json
import logging
import queue
import signal
import subprocess
import threading
import time
from pathlib import Path

from django.conf import settings
from pydantic import ValidationError

from flowdppo_engine.playground.messages import Cancel, Draw, Reply, parse_reply
from stack.process_group import ProcessGroup
from worker.devices import Devices
from worker.engine import KILL_TIMEOUT, environment

FOLDER = "drawing"
CONSOLE_FILE = "console.log"
RECORD_FILE = "process.json"
CONSOLE_TAIL_BYTES = 2000

logger = logging.getLogger(__name__)


class ProcessEnded(Exception):
    """The process is gone: nothing more comes of it."""


class DrawingProcess:
    """It ends with its input, and so with this worker; where it hangs, the next worker here ends it.

    `was_given_up`: it was ended because it is not wanted here any more, which is no fault of what it drew. `used_at`:
    when it was last asked or heard (monotonic seconds), None where it never was.
    """

    def __init__(self, devices: Devices):
        folder = Path(settings.DATA_DIR) / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        self._console = folder / CONSOLE_FILE
        with self._console.open("wb") as console:
            self._process = subprocess.Popen(
                [*settings.ENGINE_COMMAND, "draw"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=console,
                cwd=settings.ROOT,
                env=environment() | devices.environment(),
                start_new_session=True,
            )
        self._group = ProcessGroup.of_leader(self._process.pid)
        self.was_given_up = False
        self.used_at: float | None = None
        self._replies: queue.SimpleQueue[Reply | None] = queue.SimpleQueue()
        record = {"pid": self._group.pid, "started_at": self._group.started_at}
        (folder / RECORD_FILE).write_text(json.dumps(record))
        threading.Thread(target=self._read, name="drawing process", daemon=True).start()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: Draw | Cancel) -> None:
        """Raises ProcessEnded."""
        self.used_at = time.monotonic()
        try:
            self._process.stdin.write(request.model_dump_json().encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise ProcessEnded(self._say_how()) from error

    def hear(self, timeout: float) -> Reply | None:
        """What it says next; None where it says nothing for so long (seconds). Raises ProcessEnded."""
        try:
            reply = self._replies.get(timeout=timeout)
        except queue.Empty:
            return None
        if reply is None:
            # Whoever asks again is told again.
            self._replies.put(None)
            raise ProcessEnded(self._say_how())
        self.used_at = time.monotonic()
        return reply

    def give_up(self) -> None:
        self.was_given_up = True
        self.end()

    def end(self) -> None:
        """Kill it; afterwards it writes nothing more and holds no GPU. A second time changes nothing."""
        self._group.send(signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(KILL_TIMEOUT)
        if not self._group.wait_until_empty(KILL_TIMEOUT):
            logger.error("Processes of group %d cannot be killed.", self._group.pid)
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def _say_how(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        code = self._process.poll()
        how = f"killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
        return f"The drawing process ended ({how}).\n\n{self._console_tail()}".strip()

    def _console_tail(self) -> str:
        return self._console.read_bytes()[-CONSOLE_TAIL_BYTES:].decode("utf-8", errors="replace").strip()

    def _read(self) -> None:
        for line in self._process.stdout:
            try:
                self._replies.put(parse_reply(line))
            except ValidationError:
                logger.warning("The drawing process said what is no reply: %r", line[:200])
        self._replies.put(None)


def end_leftover() -> None:
    """End the process that an earlier life of this worker left behind; known by pid and start time."""
    record = Path(settings.DATA_DIR) / FOLDER / RECORD_FILE
    try:
        known = json.loads(record.read_text())
        ProcessGroup(known["pid"], known["started_at"]).end(0.0)
    except (OSError, ValueError, KeyError):
        return
    record.unlink(missing_ok=True)
