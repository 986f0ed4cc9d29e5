"""Where the tables are, and how many connections to them a process keeps."""

import environ

# Seconds that a request waits for a connection, and that one attempt to get a new one may take.
TIMEOUT = 10
RECONNECT_TIMEOUT = 5


def databases(url: str, pool: int) -> dict:
    """Django's DATABASES. With a `pool`, threads share at most so many connections; without, each has its own."""
    if not url:
        return {}
    default = environ.Env.db_url_config(url)
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
