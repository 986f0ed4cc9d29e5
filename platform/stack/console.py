"""What the person who started the platform sees: a short line for each thing that happens."""

import time

from stack.supervision import ProcessState

WORDS = {
    "STOPPED": "stopped",
    "STARTING": "starting",
    "RUNNING": "up",
    "BACKOFF": "does not stay up, trying again",
    "STOPPING": "stopping",
    "EXITED": "ended",
    "FATAL": "does not start; see its log",
}


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


class StateLines:
    """Says how processes change, once for each change."""

    def __init__(self):
        self._known: dict[str, ProcessState] = {}

    def show(self, states: list[ProcessState]) -> None:
        for now in states:
            before = self._known.get(now.name)
            if before and (before.state, before.pid) != (now.state, now.pid):
                say(self._describe(before, now))
            self._known[now.name] = now

    def _describe(self, before: ProcessState, now: ProcessState) -> str:
        if before.state == "RUNNING" and now.state in ("RUNNING", "STARTING"):
            return f"{now.name} died and was started again."
        because = f" ({now.last_error})" if now.state in ("BACKOFF", "EXITED", "FATAL") else ""
        return f"{now.name} is {WORDS.get(now.state, now.state.lower())}{because}."
