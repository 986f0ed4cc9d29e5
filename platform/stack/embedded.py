"""The two servers that come with the platform, for one data folder."""

from dataclasses import dataclass
from pathlib import Path

from stack import credentials, endpoints
from stack.endpoints import Endpoints
from stack.postgres_server import PostgresServer
from stack.redis_server import RedisServer


@dataclass(frozen=True)
class EmbeddedServers:
    postgres: PostgresServer
    redis: RedisServer
    endpoints: Endpoints


def embedded_servers(data_dir: Path) -> EmbeddedServers:
    """Their ports and passwords, chosen or remembered. Nothing is started yet; both must be down."""
    known = credentials.load_or_create(data_dir)
    return EmbeddedServers(
        postgres=PostgresServer(data_dir / "postgres", known.postgres_port, known.postgres_password),
        redis=RedisServer(data_dir / "redis", known.redis_port, known.redis_password),
        endpoints=endpoints.of(known),
    )
