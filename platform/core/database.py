"""Where the tables are, and how many connections to them a process keeps."""

import environ

# Seconds that a request waits for a connection, and that one attempt to get a new one may take.
TIMEOUT = 10
RECONNECT_TIMEOUT = 5


_pool = 0


def share(pool: int) -> None:
    """Have the threads of this process share at most so many connections; before the settings are read."""
    global _pool
    _pool = pool


def databases(url: str) -> dict:
    """Django's DATABASES. Unless threads are to share connections, each has its own."""
    if not url:
        return {}
    default, pool = environ.Env.db_url_config(url), _pool
    if pool:
        limits = {
            "min_size": min(2, pool),
            "max_size": pool,
            "timeout": TIMEOUT,
            "reconnect_timeout": RECONNECT_TIMEOUT,
        }
        # A server that came back has forgotten those that were open.
        default |= {"CONN_HEALTH_CHECKS": True, "OPTIONS": default.get("OPTIONS", {}) | {"pool": limits}}
    return {"default": default}
