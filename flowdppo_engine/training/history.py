"""What a run folder's event stream already tells: read back on resume, so that nothing is said twice."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from flowdppo_engine.events import (
    EVENTS_FILE,
    Best,
    Checkpoint,
    Evaluation,
    Event,
    Resumed,
    Samples,
    Started,
    parse_event,
)


@dataclass
class History:
    """The live line of a run: what was written past a point of resumption does not count."""

    has_started: bool = False
    position: tuple[int, int] = (0, 0)
    """Iteration and step of the last checkpoint announced, where the run would be taken up."""
    evaluations: dict[tuple[int, str], Evaluation] = field(default_factory=dict)
    sample_iterations: set[int] = field(default_factory=set)
    checkpoints: set[str] = field(default_factory=set)
    best: dict[int, Best] = field(default_factory=dict)

    @classmethod
    def read(cls, run_folder: Path) -> "History":
        path = run_folder / EVENTS_FILE
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return cls.of(parse_event(line) for line in lines)

    @classmethod
    def of(cls, events: Iterable[Event]) -> "History":
        history = cls()
        for event in events:
            history.add(event)
        return history

    def add(self, event: Event) -> None:
        match event:
            case Started():
                self.has_started = True
            case Resumed():
                self.position = (event.iteration, event.step)
                self._forget_past(event.iteration)
            case Evaluation():
                self.evaluations[event.iteration, event.prompt_set] = event
            case Samples() if event.are_fixed:
                self.sample_iterations.add(event.iteration)
            case Checkpoint():
                self.position = (event.iteration, event.step)
                self.checkpoints.add(event.path)
                self.checkpoints.difference_update(event.removed)
            case Best():
                self.best[event.iteration] = event
                self.checkpoints.difference_update(event.removed)

    def _forget_past(self, iteration: int) -> None:
        self.evaluations = {key: event for key, event in self.evaluations.items() if key[0] <= iteration}
        self.sample_iterations = {past for past in self.sample_iterations if past <= iteration}
        self.best = {past: event for past, event in self.best.items() if past <= iteration}
