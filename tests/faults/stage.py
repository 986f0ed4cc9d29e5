"""The platform as `make run` starts it, with the real engine on the sandbox, and what faults need to know of it."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from stack import credentials, endpoints
from tests.platform.stack.running_platform import ROOT, Platform

ENDED = ("finished", "failed", "cancelled", "stopped")
# What a run measures of itself, which no two runs share.
OF_THE_MACHINE = ("time/", "memory/")
NEVER = 1200.0

POINTS = """
SELECT key, iteration, step, value FROM runs_metricpoint AS point JOIN runs_attempt AS attempt
ON attempt.id = point.attempt_id WHERE point.run_id = '{run}' {and_counts} ORDER BY key, iteration, step, value
"""
COUNTS = "AND (attempt.valid_until IS NULL OR iteration <= attempt.valid_until)"


@dataclass(frozen=True)
class RunRow:
    state: str
    iteration: int
    num_attempts: int
    event_offset: int
    error: str


class Stage:
    """A platform on a data folder of its own, for the length of a with block."""

    def __init__(self, folder: Path, **environment: str):
        self.data_dir = folder / "data"
        self.platform = Platform(self.data_dir, **environment)
        self._nodes: list[subprocess.Popen] = []

    def __enter__(self) -> "Stage":
        self.platform.start()
        try:
            address = self.platform.wait_until_up().rstrip("/")
            token = self.platform.make_token("write")
            headers = {"Authorization": f"Bearer {token}"}
            self._api = httpx.Client(base_url=f"{address}/api/v1", headers=headers, timeout=60.0)
            self.experiment = self._ask("GET", "/experiments")["items"][0]["id"]
            self._cancel_the_demo_run()
        except BaseException:
            self.platform.end()
            raise
        return self

    def __exit__(self, *_) -> None:
        for node in self._nodes:
            node.kill()
            node.wait()
        self.platform.end()

    def submit(self, name: str, config: dict) -> str:
        body = {"name": name, "config": config}
        return self._ask("POST", f"/experiments/{self.experiment}/runs", json=body)["id"]

    def row(self, run: str) -> RunRow:
        columns = "state, iteration, num_attempts, event_offset, error"
        return RunRow(*self.platform.query(f"SELECT {columns} FROM runs_run WHERE id = '{run}'")[0])

    def wait_for(self, condition: Callable[[], object], what: str):
        """What `condition` returns, once it is true. A database that is away for a moment is asked again."""
        deadline = time.monotonic() + NEVER
        while True:
            try:
                if found := condition():
                    return found
            except Exception as error:
                if "connect" not in str(error).lower() and "terminat" not in str(error).lower():
                    raise
            assert time.monotonic() < deadline, f"Waited in vain for {what}."
            time.sleep(0.1)

    def wait_for_end(self, run: str) -> RunRow:
        self.wait_for(lambda: self.row(run).state in ENDED, f"the end of {run}")
        return self.row(run)

    def wait_for_engine(self, run: str) -> int:
        """The pid of the engine that trains the run, once it has told of an iteration."""
        self.wait_for(lambda: self.row(run).iteration >= 1, "the first iteration")
        return self.engine(run)

    def engine(self, run: str) -> int:
        last = f"SELECT engine_pid FROM runs_attempt WHERE run_id = '{run}' ORDER BY number DESC LIMIT 1"
        return self.platform.query(last)[0][0]

    def pid_of(self, name: str) -> int:
        return self.wait_for(lambda: self.platform.processes().get(name), f"a process {name}")

    def folder(self, run: str) -> Path:
        return self.data_dir / "files" / "runs" / run

    def curves(self, run: str) -> list[tuple]:
        """The spliced line of every metric but those of the machine."""
        points = self.platform.query(POINTS.format(run=run, and_counts=COUNTS))
        return [point for point in points if not point[0].startswith(OF_THE_MACHINE)]

    def scores(self, run: str) -> list[tuple]:
        return self.platform.query(
            "SELECT evaluation.iteration, prompt_set, scores::text FROM runs_evaluation AS evaluation "
            f"JOIN runs_attempt AS attempt ON attempt.id = evaluation.attempt_id WHERE evaluation.run_id = '{run}' "
            "AND (attempt.valid_until IS NULL OR evaluation.iteration <= attempt.valid_until) ORDER BY 1, 2"
        )

    def start_node(self, folder: Path) -> subprocess.Popen:
        """A second node, which sees the same database, broker and files."""
        folder.mkdir()
        (folder / "files").symlink_to(self.data_dir / "files")
        at = endpoints.of(credentials.load(self.data_dir))
        env = self.platform.own_environment() | {"DATABASE_URL": at.database_url, "REDIS_URL": at.redis_url}
        env["FLOWDPPO_DATA"] = str(folder)
        (folder / "secret_key").write_bytes((self.data_dir / "secret_key").read_bytes())
        with (folder / "worker.log").open("a") as log:
            command = [sys.executable, "-m", "worker", "runs"]
            node = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        self._nodes.append(node)
        return node

    def nudge(self, run: str) -> None:
        """Deliver the run's message once more."""
        self.platform.shell(f"import uuid; from runs import nudges; nudges.send(uuid.UUID('{run}'))")

    def engines_left(self) -> list[int]:
        """Processes that train a run of this platform."""
        mark = str(self.data_dir / "files" / "runs")
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            if mark in " ".join(process.info["cmdline"] or []) and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        return found

    def lines_and_rows(self, run: str) -> tuple[Counter, Counter]:
        """Every value that the stream tells, and every value that the tables hold, each as often as it is there."""
        told, lines = Counter(), (self.folder(run) / "events.jsonl").read_text().splitlines()
        for event in map(json.loads, lines):
            if event["type"] == "metrics":
                told.update((key, event["iteration"], float(value)) for key, value in event["values"].items())
            elif event["type"] == "log":
                told[event["message"]] += 1
        held = Counter(
            (key, at, value) for key, at, _, value in self.platform.query(POINTS.format(run=run, and_counts=""))
        )
        held.update(text for (text,) in self.platform.query(_log_lines(run)))
        return told, held

    def _ask(self, method: str, path: str, **options) -> dict:
        answer = self._api.request(method, path, **options)
        assert answer.is_success, answer.text
        return answer.json()

    def _cancel_the_demo_run(self) -> None:
        for run in self._ask("GET", "/runs")["items"]:
            self._ask("POST", f"/runs/{run['id']}/cancel")
            self.wait_for_end(run["id"])


def _log_lines(run: str) -> str:
    return f"SELECT message FROM runs_logline WHERE run_id = '{run}' AND seq > 0"
