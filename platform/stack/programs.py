"""The processes of the platform on one machine, in the order in which they start; they stop in the reverse order."""

import sys
from dataclasses import dataclass
from pathlib import Path

from stack.embedded import EmbeddedServers

SECONDS_BEYOND_GRACE = 30


@dataclass(frozen=True)
class Program:
    """A process that supervisord keeps alive. `stop_seconds` is how long it may take to end in order."""

    name: str
    command: list[str]
    folder: Path
    account: str | None = None
    stop_signal: str = "TERM"
    stop_seconds: int = 20


def server_programs(servers: EmbeddedServers, has_database: bool, has_redis: bool) -> list[Program]:
    """The embedded servers that the environment names no others for."""
    postgres, redis = servers.postgres, servers.redis
    programs = []
    if not has_database:
        # INT is PostgreSQL's fast shutdown: it ends the sessions that are still open.
        programs.append(Program("postgres", postgres.command, Path("/"), postgres.account, "INT", 60))
    if not has_redis:
        programs.append(Program("redis", redis.command, Path("/")))
    return programs


def site_programs(root: Path, host: str, port: int, engine_grace: float) -> list[Program]:
    """The platform itself. The worker is the last to start and the first to stop: its engines write a checkpoint."""
    python = sys.executable
    web = [python, "-m", "uvicorn", "core.asgi:application", "--app-dir", str(root / "platform")]
    # Longer than a proxy keeps an idle connection: closed by us, its next request would meet the end of it.
    web += ["--host", host, "--port", str(port), "--timeout-keep-alive", "150", "--timeout-graceful-shutdown", "5"]
    return [
        Program("web", web, root),
        Program("beat", [python, "-m", "worker", "beat"], root),
        Program("housekeeping", [python, "-m", "worker", "housekeeping"], root),
        Program(
            "worker", [python, "-m", "worker", "runs"], root, stop_seconds=int(engine_grace) + SECONDS_BEYOND_GRACE
        ),
    ]
