"""The address of the site, for links in messages, where the environment does not say it."""

import environ

LOCAL = ("127.0.0.1", "0.0.0.0", "::1", "::")


def of_this_machine(env: environ.Env) -> str:
    """From HOST and PORT, as `make run` prints it."""
    host = env.str("HOST", default=LOCAL[0])
    return f"http://{'localhost' if host in LOCAL else host}:{env.int('PORT', default=8000)}"
