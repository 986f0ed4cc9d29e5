"""One try to send a push that was claimed: its files into a folder, from there to the Hub by a process of its own."""

import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from django.conf import settings

from core.encryption import Unreadable, decrypt
from core.storage import FilesAway
from exporting import lifecycle
from exporting.bundle import files_of
from exporting.facts import read_facts
from exporting.lifecycle import Lease
from exporting.models import Push
from exporting.refusals import Refusal, read_refusal
from exporting.services import TOKEN
from runs.selectors import visible_checkpoints
from teams.selectors import may_write

CHILD = Path(__file__).with_name("hub_child.py")
LONGEST_SECONDS = 4 * 3600
# A proxy, and who signs certificates, are the machine's business; secrets and other settings are not the child's.
INHERITED = ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", *(
    name for lower in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for name in (lower, lower.upper())
))  # fmt: skip
NO_MORE_WRITER = "Whoever asked for it may not change anything in this team any more: another member can push it."
FILES_GONE = "The files of this checkpoint are gone, the engine keeps the last ones only: push a newer one."
KEY_LOST = "Its token cannot be read any more, the site's SECRET_KEY is another one: push it once more."

logger = logging.getLogger(__name__)


class Sender:
    """`stop` may be called from another thread: it ends what is under way."""

    def __init__(self, lease: Lease):
        self._lease = lease
        self._child: subprocess.Popen | None = None
        self._stopped = threading.Event()

    def send(self) -> None:
        """To its end, or back into the queue. Raises LeaseLost."""
        push = Push.objects.select_related("checkpoint__run__experiment", "created_by").get(id=self._lease.push_id)
        with _folder_for(self._lease) as folder:
            outcome = self._try(push, folder)
        if self._stopped.is_set():
            return
        if isinstance(outcome, str):
            lifecycle.sent(self._lease, outcome)
            logger.info("%s is at %s.", self._lease, push.repository)
            return
        logger.warning("%s was not taken: %s", self._lease, outcome.words)
        end = lifecycle.fail if outcome.is_final else lifecycle.put_off
        end(self._lease, outcome.words)

    def stop(self) -> None:
        self._stopped.set()
        if self._child:
            self._child.kill()

    def _try(self, push: Push, folder: Path) -> str | Refusal:
        """The commit, or why there is none."""
        user, team_id = push.created_by, push.checkpoint.run.experiment.team_id
        if user is None or not may_write(user, team_id):
            return Refusal(NO_MORE_WRITER, is_final=True)
        try:
            token = decrypt(push.token, TOKEN)
            lifecycle.note_size(self._lease, self._lay_out(push, folder / "model"))
        except Unreadable:
            return Refusal(KEY_LOST, is_final=True)
        except FileNotFoundError:
            return Refusal(FILES_GONE, is_final=True)
        except FilesAway as error:
            return Refusal(f"The file storage does not answer: {error}.", is_final=False)
        answer = self._ask(push, token, folder)
        if "commit" in answer:
            return answer["commit"]
        return read_refusal(answer, push.repository, push.is_private)

    def _lay_out(self, push: Push, folder: Path) -> int:
        """The files of the model into `folder`, as its reader sees them; returns their bytes."""
        checkpoint = visible_checkpoints(push.created_by).filter(id=push.checkpoint_id).first()
        if checkpoint is None or checkpoint.removed:
            raise FileNotFoundError(push.checkpoint_id)
        folder.mkdir()
        files = files_of(read_facts(push.created_by, checkpoint), push.licence)
        for file in files:
            with file.open() as source, (folder / PurePosixPath(file.name).name).open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        return sum(path.stat().st_size for path in folder.iterdir())

    def _ask(self, push: Push, token: str, folder: Path) -> dict:
        """What `hub_child` answers. The token goes to it by its standard input alone."""
        run, iteration = push.checkpoint.run, push.checkpoint.iteration
        request = {
            "token": token,
            "repository": push.repository,
            "is_private": push.is_private,
            "folder": str(folder / "model"),
            "message": f"{' '.join(run.name.split())}, iteration {iteration}",
        }
        pipe = subprocess.PIPE
        self._child = subprocess.Popen(
            [sys.executable, "-I", str(CHILD)], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True,
            env=_environment(folder), cwd=folder,
        )  # fmt: skip
        limit = threading.Timer(LONGEST_SECONDS, self._child.kill)
        limit.daemon = True
        limit.start()
        try:
            if self._stopped.is_set():
                self._child.kill()
            self._child.stdin.write(json.dumps(request) + "\n")
            self._child.stdin.flush()
            return json.loads(self._child.stdout.read())
        except (ValueError, BrokenPipeError):
            return {"step": "upload", "status": None, "said": "the process that sends ended without an answer"}
        finally:
            limit.cancel()
            self._child.kill()
            self._child.wait()
            self._child.stdin.close()
            self._child.stdout.close()


@contextmanager
def _folder_for(lease: Lease) -> Iterator[Path]:
    """What an earlier try left behind, because its process was killed, is deleted first."""
    of_push = settings.DATA_DIR / "pushes" / str(lease.push_id)
    shutil.rmtree(of_push, ignore_errors=True)
    folder = of_push / str(lease.token)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            of_push.rmdir()


def _environment(folder: Path) -> dict[str, str]:
    """Large files go as Git LFS has it, which every Hub takes; nothing is read from or left in a home."""
    mine = {name: os.environ[name] for name in INHERITED if name in os.environ}
    switches = ("DISABLE_XET", "DISABLE_PROGRESS_BARS", "DISABLE_TELEMETRY", "DISABLE_IMPLICIT_TOKEN")
    return mine | {f"HF_HUB_{name}": "1" for name in switches} | {
        "HF_ENDPOINT": settings.HUB_ENDPOINT,
        "HF_HOME": str(folder / "home"),
    }  # fmt: skip
