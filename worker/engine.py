"""The engine as a child process: in a session of its own, its output in a file, and none of our secrets with it."""

import logging
import os
import signal
import subprocess
from pathlib import Path

from django.conf import settings

from catalog.prompt_files import lay_files_of
from core.secret_variables import SECRET_VARIABLES
from flowdppo_engine.config import RunConfig
from flowdppo_engine.prompts import ROOT_VARIABLE
from flowdppo_engine.recipes import dump_config
from flowdppo_engine.tenure import ATTEMPT_VARIABLE
from stack.process_group import MARK, ProcessGroup
from worker.devices import Devices

CONFIG_FILE = "config.yaml"
CONSOLE_FILE = "console.log"
CONSOLE_TAIL_BYTES = 4000
KILL_TIMEOUT = 10.0

# The engine begins only after our "go": its pid is in the database by then. A supervisor that dies before that closes
# the pipe, and the shell ends without having started anything.
# The mark tells what it starts, wherever that goes: a launcher's processes have groups of their own.
GATE = f'read -r go && {MARK}=$$ && export {MARK} && exec "$@" </dev/null'


logger = logging.getLogger(__name__)


class Engine:
    """One life of the engine on the folder of a run or a job; `verb` is its command.

    With the number of an attempt it ends when a later one takes the folder over.
    """

    def __init__(self, folder: Path, devices: Devices, verb: str = "resume", attempt: int | None = None):
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        command = devices.command([*settings.ENGINE_COMMAND, verb, str(folder)])
        with (folder / CONSOLE_FILE).open("ab") as console:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", GATE, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd=settings.ROOT,
                env=environment(attempt) | devices.environment(),
                start_new_session=True,
            )
        self.group = ProcessGroup.of_leader(self._process.pid)

    def go(self) -> None:
        """Let it begin."""
        self._process.stdin.write(b"go\n")
        self._process.stdin.close()

    def end(self) -> None:
        """Kill what is left of its group; afterwards no process of it writes any more."""
        self.group.send(signal.SIGKILL)
        if not self.group.wait_until_empty(KILL_TIMEOUT):
            logger.error("Processes of group %d cannot be killed.", self.group.pid)
        self._process.stdin.close()

    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number where one killed it."""
        return self._process.poll()


def write_config(folder: Path, config: dict) -> None:
    """Lay the run's configuration into its folder, from which the engine takes it up; a whole file or none. The prompt
    sets of the catalogue that it refers to are laid where the engine looks for them.

    It may have changed since an earlier attempt: a finished run that was given more iterations.
    """
    path = folder / CONFIG_FILE
    folder.mkdir(parents=True, exist_ok=True)
    checked = RunConfig.model_validate(config)
    lay_files_of(checked)
    staged = path.with_suffix(".new")
    staged.write_text(dump_config(checked), encoding="utf-8")
    staged.replace(path)


def console_tail(folder: Path) -> str:
    """The end of what the engine printed."""
    path = folder / CONSOLE_FILE
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - CONSOLE_TAIL_BYTES))
        return file.read().decode("utf-8", errors="replace").strip()


def environment(attempt: int | None = None) -> dict[str, str]:
    """What an engine's process gets of ours: no secret, and where prompt sets are."""
    inherited = {name: value for name, value in os.environ.items() if name not in SECRET_VARIABLES}
    tenure = {ATTEMPT_VARIABLE: str(attempt)} if attempt else {}
    return inherited | tenure | {"PYTHONUNBUFFERED": "1", ROOT_VARIABLE: str(settings.PROMPTS_DIR.parent)}
