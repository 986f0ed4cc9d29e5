"""What processes say: a line for a person, or with LOG_FORMAT=json an object for a machine, and never a secret.

Each object has the time, the level, the logger and the message, and where they are known the request, the person and
the run that it is about.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import unquote, urlsplit

import environ
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pythonjsonlogger.json import JsonFormatter

from core.secret_variables import SECRET_VARIABLES

FORMATS = ("line", "json")
# Shorter ones would blot out words.
SHORTEST_SECRET = 6
HIDDEN = "[secret]"

_about: ContextVar[dict] = ContextVar("about", default={})  # noqa: B039


@contextmanager
def about(**names) -> Iterator[None]:
    """Within it every line of this thread or task says what it is about: `request`, `user`, `run`."""
    token = _about.set(_about.get() | names)
    try:
        yield
    finally:
        _about.reset(token)


class About(logging.Filter):
    """Puts what a line is about on its record, where both formatters find it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.about = {name: str(value) for name, value in _about.get().items()}
        return True


class PatternOfAddress(logging.Filter):
    """Where Django says the address of a request, its pattern stands: an address may be a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if request is not None:
            found = getattr(request, "resolver_match", None)
            route = found.route if found else "elsewhere"
            record.args = tuple(route if value == request.path else value for value in record.args or ())
            # The request itself would be written out with its address, too.
            del record.request
        return True


class Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        names = " ".join(f"{name}={value}" for name, value in getattr(record, "about", {}).items())
        text = super().format(record)
        return hide(f"{text} [{names}]" if names else text)


class Json(JsonFormatter):
    def add_fields(self, log_data: dict, record: logging.LogRecord, message_dict: dict) -> None:
        super().add_fields(log_data, record, message_dict)
        # Uvicorn's lines come once more in colours.
        log_data.pop("color_message", None)
        log_data |= log_data.pop("about", {})

    def format(self, record: logging.LogRecord) -> str:
        return hide(super().format(record))


def configuration(env: environ.Env) -> dict:
    """LOGGING. Raises ImproperlyConfigured for a format that there is not."""
    chosen = env.str("LOG_FORMAT", default="line")
    if chosen not in FORMATS:
        raise ImproperlyConfigured(f"LOG_FORMAT = {chosen}: give {' or '.join(FORMATS)}.")
    ours = {"handlers": [], "propagate": True}
    formatters = {
        "line": {"()": Line, "format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {
            "()": Json,
            "fmt": "{asctime}{levelname}{name}{message}",
            "style": "{",
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
        },
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"about": {"()": About}, "pattern": {"()": PatternOfAddress}},
        "formatters": formatters,
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": chosen, "filters": ["about", "pattern"]}
        },
        "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO").upper()},
        "loggers": {
            "django": ours,
            # Of a request that is refused, `core.requests` says as much.
            "django.request": {"level": "ERROR"},
            "django.server": ours,
            "uvicorn": ours,
            "uvicorn.error": ours,
            # Its lines hold whole addresses, with what may stand in them; `core.requests` says the same without.
            "uvicorn.access": {"level": "WARNING", **ours},
            "botocore": {"level": "WARNING"},
        },
    }


def hide(text: str) -> str:
    for secret in _secrets():
        if secret in text:
            text = text.replace(secret, HIDDEN)
    return text


def _secrets() -> list[str]:
    """What may be in no line: the values of variables that hold secrets, and the passwords in addresses."""
    found = []
    for name in SECRET_VARIABLES:
        value = os.environ.get(name) or getattr(settings, name, "")
        password = _password(value) if "://" in value else value
        found += [password, unquote(password)]
    return [secret for secret in found if len(secret) >= SHORTEST_SECRET]


def _password(address: str) -> str:
    try:
        return urlsplit(address).password or ""
    except ValueError:
        return ""
