"""Job folders for tests, worked on in this process."""

from pathlib import Path

from flowdppo_engine.config.base import Strict
from flowdppo_engine.events import Event
from flowdppo_engine.jobs.kinds import work_on
from flowdppo_engine.jobs.specs import write_job
from flowdppo_engine.training.stopping import StopRequest
from tests.flowdppo_engine.training.run_folder import read_events


def work(verb: str, job: Strict, folder: Path) -> tuple[int, list[Event]]:
    """The exit code of a start, and every event of the folder so far."""
    write_job(job, folder)
    code = work_on(verb, folder, stop=StopRequest(), listeners=[])
    return code, read_events(folder)


def of_type(events: list[Event], name: str) -> list[Event]:
    return [event for event in events if event.type == name]
