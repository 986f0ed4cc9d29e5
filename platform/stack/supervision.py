"""supervisord, which keeps the platform's processes alive: its configuration, its process, and how to talk to it."""

import http.client
import os
import secrets
import shlex
import signal
import subprocess
import sys
import time
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path

from stack.credentials import free_port
from stack.errors import StackError
from stack.process_group import ProcessGroup
from stack.programs import Program

# A server that dies at once is tried again for about an hour, a little later each time.
START_RETRIES = 80
START_SECONDS = 120
# A server that we wait for has so long to stay up.
SETTLE_SECONDS = 30
STARTS = ("STARTING", "BACKOFF")
GONE = (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError)


@dataclass(frozen=True)
class ProcessState:
    """How supervisord sees a program; `pid` is 0 while it has no process."""

    name: str
    state: str
    pid: int
    last_error: str


class Supervision:
    """One supervisord over these programs, none of which it starts by itself."""

    def __init__(self, data_dir: Path, programs: list[Program], environment: dict[str, str]):
        logs = data_dir / "logs"
        logs.mkdir(exist_ok=True)
        port, password = free_port(), secrets.token_urlsafe(24)
        config = data_dir / "supervisord.conf"
        config.touch(mode=0o600)
        config.write_text(_header(port, password, logs) + _sections(programs, logs))
        # A session of its own: Ctrl-C in the terminal reaches only us, and we stop things in order.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment,
            start_new_session=True,
        )
        self.group = ProcessGroup.of_leader(self._process.pid)
        self._log = logs / "supervisord.log"
        self._url = f"http://flowdppo:{password}@127.0.0.1:{port}/RPC2"
        self._wait_for_answer()

    @property
    def _api(self):
        # A fresh connection each time: one that Ctrl-C has cut short cannot be used again.
        return xmlrpc.client.ServerProxy(self._url).supervisor

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def start(self, name: str, wait: bool = True) -> None:
        """Start a program; with `wait`, return when it has stayed up for a second.

        One that dies at once is tried again: sessions of PostgreSQL outlive a power cut of their server by a moment.
        Raises StackError.
        """
        try:
            self._api.startProcess(name, False)
        except xmlrpc.client.Fault as fault:
            if "SPAWN_ERROR" not in fault.faultString:
                raise self._does_not_start(name, fault.faultString) from None
        if wait:
            self._wait_until_running(name)

    def stop(self, name: str) -> None:
        """Stop a program in order and return when it has ended."""
        try:
            self._api.stopProcess(name, True)
        except xmlrpc.client.Fault as fault:
            if "NOT_RUNNING" not in fault.faultString:
                raise

    def states(self) -> list[ProcessState]:
        return [
            ProcessState(info["name"], info["statename"], info["pid"], info["spawnerr"] or _exit(info["exitstatus"]))
            for info in self._api.getAllProcessInfo()
        ]

    def end(self) -> None:
        """End supervisord, and with it whatever it still keeps."""
        if self.is_alive():
            self._process.send_signal(signal.SIGTERM)
        self._process.wait()

    def _wait_until_running(self, name: str) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        while (info := self._api.getProcessInfo(name))["statename"] != "RUNNING":
            if info["statename"] not in STARTS or time.monotonic() > deadline:
                raise self._does_not_start(name, info["spawnerr"] or info["description"])
            time.sleep(0.05)

    def _does_not_start(self, name: str, why: str) -> StackError:
        return StackError(f"{name} does not start ({why}): read {self._log.parent / f'{name}.log'}")

    def _wait_for_answer(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._api.getState()
                return
            except GONE as error:
                if not self.is_alive() or time.monotonic() > deadline:
                    raise StackError(f"supervisord does not start ({error}): read {self._log}") from error
                time.sleep(0.05)


def _exit(status: int) -> str:
    """supervisord has -1 for a process that a signal ended."""
    return "killed" if status == -1 else f"exit code {status}"


def _header(port: int, password: str, logs: Path) -> str:
    as_root = "user = root\n" if os.geteuid() == 0 else ""
    return (
        "[supervisord]\n"
        "nodaemon = true\n"
        f"{as_root}"
        f"logfile = {_quote(logs / 'supervisord.log')}\n"
        f"pidfile = {_quote(logs.parent / 'supervisord.pid')}\n"
        "[inet_http_server]\n"
        f"port = 127.0.0.1:{port}\n"
        "username = flowdppo\n"
        f"password = {password}\n"
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n"
    )


def _sections(programs: list[Program], logs: Path) -> str:
    return "".join(_section(program, place, logs) for place, program in enumerate(programs, start=1))


def _section(program: Program, place: int, logs: Path) -> str:
    account = f"user = {program.account}\n" if program.account else ""
    return (
        f"[program:{program.name}]\n"
        f"command = {_quote(shlex.join(program.command))}\n"
        f"directory = {_quote(program.folder)}\n"
        f"{account}"
        f"priority = {place}\n"
        "autostart = false\n"
        "autorestart = true\n"
        "startsecs = 1\n"
        f"startretries = {START_RETRIES}\n"
        f"stopsignal = {program.stop_signal}\n"
        f"stopwaitsecs = {program.stop_seconds}\n"
        "redirect_stderr = true\n"
        f"stdout_logfile = {_quote(logs / f'{program.name}.log')}\n"
        "stdout_logfile_maxbytes = 10MB\n"
        "stdout_logfile_backups = 3\n"
    )


def _quote(value: object) -> str:
    return str(value).replace("%", "%%")
