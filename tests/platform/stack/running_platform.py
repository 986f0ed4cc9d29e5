"""The whole platform as `make run` starts it, on a data folder of its own, watched from outside."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg

from stack import credentials, endpoints

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 600.0

TOKEN = """
from teams.api_tokens import make_token
from teams.models import User
print(make_token(User.objects.order_by("id").first(), "tests", "{scope}", num_days=1).text)
"""


class Platform:
    """Starts `manage.py up`, reads what it says, and ends whatever a test leaves."""

    def __init__(self, data_dir: Path, **environment: str):
        self.data_dir = data_dir
        self.environment = environment
        self.log = data_dir.with_suffix(".log")
        self.process: subprocess.Popen | None = None

    def start(self, **environment: str) -> subprocess.Popen:
        with self.log.open("a") as log:
            command = [sys.executable, "manage.py", "up"]
            env = self.own_environment() | environment
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        return self.process

    def own_environment(self) -> dict[str, str]:
        """What a process of this platform is started with."""
        inherited = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        return inherited | {"FLOWDPPO_DATA": str(self.data_dir)} | self.environment

    def wait_until_up(self, times: int = 1) -> str:
        """The address, once the platform has said `times` times that it is up."""
        self.wait_for(lambda: self.said().count("Flow-DPPO is up") >= times, "the platform to be up")
        return re.findall(r"Flow-DPPO is up:  (\S+)", self.said())[-1]

    def wait_for(self, condition, what: str):
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert time.monotonic() < deadline, f"Waited in vain for {what}. It said:\n{self.said()}"
            assert self.process.poll() is None, f"It ended. It said:\n{self.said()}"
            time.sleep(0.1)
        return found

    def said(self) -> str:
        return self.log.read_text()

    def processes(self) -> dict[str, int]:
        """Living processes of this data folder by what they are."""
        known = [process for process in psutil.process_iter(["cmdline"]) if self._is_ours(process)]
        return {_name(process.info["cmdline"]): process.pid for process in known}

    def query(self, sql: str) -> list[tuple]:
        url = endpoints.of(credentials.load(self.data_dir)).database_url
        with psycopg.connect(url) as connection:
            return connection.execute(sql).fetchall()

    def make_token(self, scope: str) -> str:
        """An API token of the account that the install made; `scope` is read or write."""
        return self.shell(TOKEN.format(scope=scope))

    def shell(self, code: str) -> str:
        """What a piece of Python says in a shell of this platform."""
        command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
        env = self.own_environment()
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout.strip()

    def database_answers(self) -> bool:
        try:
            return bool(self.query("SELECT 1"))
        except psycopg.OperationalError:
            return False

    def end(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()
        for pid in self.processes().values():
            psutil.Process(pid).kill()

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE or not _name(process.info["cmdline"] or []):
                return False
            # Redis writes its title over its environment, and lives in its folder.
            is_here = Path(process.cwd()).is_relative_to(self.data_dir)
            return is_here or process.environ().get("FLOWDPPO_DATA") == str(self.data_dir)
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            return False


def _name(command: list[str]) -> str:
    text = " ".join(command)
    marks = ["postgres -D", "redis-server", "uvicorn", "worker beat", "worker housekeeping", "worker runs"]
    marks += ["supervisord", "fake_engine", "manage.py up"]
    return next((mark.split()[-1 if mark.startswith("worker") else 0] for mark in marks if mark in text), "")
