"""One life of the platform on this machine: start everything in order, watch it, stop everything in order."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import psutil

from stack.console import StateLines, say
from stack.embedded import embedded_servers
from stack.errors import StackError
from stack.postgres_server import PostgresServer
from stack.process_group import ProcessGroup
from stack.process_records import ProcessRecords
from stack.programs import Program, server_programs, site_programs
from stack.redis_server import RedisServer
from stack.supervision import GONE, Supervision

FIRST_ANSWER_SECONDS = 300
LOOK_EVERY = 1.0


@dataclass(frozen=True)
class Place:
    """Where the platform runs: the checkout, the data folder, and the address of its pages."""

    root: Path
    data_dir: Path
    host: str
    port: int
    engine_grace: float

    @property
    def address(self) -> str:
        host = "localhost" if self.host in ("127.0.0.1", "0.0.0.0", "::1", "::") else self.host
        return f"http://{host}:{self.port}/"


class PlatformRun:
    def __init__(self, place: Place):
        self._place = place
        self._records = ProcessRecords(place.data_dir)
        self._servers = embedded_servers(place.data_dir)
        self._server_programs = server_programs(
            self._servers, has_database="DATABASE_URL" in os.environ, has_redis="REDIS_URL" in os.environ
        )
        self._site_programs = site_programs(place.root, place.host, place.port, place.engine_grace)
        self._environment = self._make_environment()
        self._supervision: Supervision | None = None

    def start(self) -> None:
        """Start everything; return when the page answers. Raises StackError where something does not start."""
        self._prepare_servers()
        self._supervision = Supervision(self._place.data_dir, self._programs, self._environment)
        self._records.write(self._supervision.group)
        for program in self._server_programs:
            self._supervision.start(program.name)
        self._wait_for_servers()
        say("Bringing the tables up to date.")
        self._prepare_site()
        say(f"Starting {', '.join(program.name for program in self._site_programs)}.")
        for program in self._site_programs:
            self._supervision.start(program.name, wait=False)
        self._record()
        self._wait_for_page()

    def watch(self) -> None:
        """Say what changes, until somebody ends it. Raises StackError where supervisord itself is gone."""
        lines = StateLines()
        while True:
            try:
                lines.show(self._supervision.states())
                self._record()
            except GONE as error:
                raise StackError(f"supervisord is gone ({error}), and so everything is stopped.") from error
            time.sleep(LOOK_EVERY)

    def stop(self) -> None:
        """Stop every process in order, the worker first, whose engines write a last checkpoint."""
        if self._supervision is None:
            return
        try:
            for program in reversed(self._programs):
                say(f"Stopping {program.name}.")
                self._supervision.stop(program.name)
        except GONE:
            self._records.end_leftovers()
        self._supervision.end()
        self._records.clear()

    @property
    def _programs(self) -> list[Program]:
        return [*self._server_programs, *self._site_programs]

    def _prepare_servers(self) -> None:
        for program in self._server_programs:
            server = self._server_of(program)
            say(f"Preparing {program.name} on port {server.port}.")
            for change in server.prepare():
                say(f"As root: {change}.")

    def _wait_for_servers(self) -> None:
        for program in self._server_programs:
            self._server_of(program).wait_until_ready(self._supervision.is_alive)
            say(f"{program.name} is up.")

    def _server_of(self, program: Program) -> PostgresServer | RedisServer:
        return {"postgres": self._servers.postgres, "redis": self._servers.redis}[program.name]

    def _make_environment(self) -> dict[str, str]:
        endpoints = self._servers.endpoints
        embedded = {"DATABASE_URL": endpoints.database_url, "REDIS_URL": endpoints.redis_url}
        # The port that was chosen may be another than the one that the environment would make one think.
        chosen = {"HOST": self._place.host, "PORT": str(self._place.port)}
        return embedded | os.environ | chosen | {"FLOWDPPO_DATA": str(self._place.data_dir)}

    def _prepare_site(self) -> None:
        command = [sys.executable, str(self._place.root / "manage.py"), "prepare_site"]
        if subprocess.run(command, cwd=self._place.root, env=self._environment).returncode:
            raise StackError("The database could not be prepared; the reason stands above.")

    def _record(self) -> None:
        """Write down what runs now, for a later start that has to clean up after a killed one."""
        groups = []
        for state in self._supervision.states():
            with contextlib.suppress(psutil.NoSuchProcess):
                groups += [ProcessGroup.of_leader(state.pid)] if state.pid else []
        self._records.write(self._supervision.group, groups)

    def _wait_for_page(self) -> None:
        deadline = time.monotonic() + FIRST_ANSWER_SECONDS
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self._place.address}healthz", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        log = self._place.data_dir / "logs" / "web.log"
        raise StackError(f"The page does not answer after {FIRST_ANSWER_SECONDS} seconds: read {log}")
