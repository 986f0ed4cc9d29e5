"""What goes wrong, in words for standard error, with an exit code that a script can tell apart."""

from enum import IntEnum


class Exit(IntEnum):
    REFUSED = 1
    DOES_NOT_FIT = 2
    """A bad argument, or a configuration that cannot run."""
    NOT_SIGNED_IN = 3
    NO_ANSWER = 4
    RUN_FAILED = 5
    RUN_CANCELLED = 6
    RUN_STOPPED = 7


class ClientError(Exception):
    """Ends the command: the message goes to standard error."""

    def __init__(self, message: str, code: Exit = Exit.REFUSED):
        super().__init__(message)
        self.code = code


class Gone(ClientError):
    """What was asked for has been deleted."""


class Conflict(ClientError):
    """It does not go with how things stand; `values` are the fields that the server put right."""

    def __init__(self, message: str, values: dict):
        super().__init__(message)
        self.values = values
