"""What a run says on the terminal, told from its events: a live bar where there is a terminal, else plain lines."""

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from flowdppo_engine.events import (
    Best,
    Checkpoint,
    Evaluation,
    Event,
    Failed,
    Finished,
    Log,
    Metrics,
    Phase,
    Resumed,
    Scored,
    Started,
    Tried,
)

LABELS = {
    "load": "Loading",
    "encode": "Encoding",
    "evaluate": "Evaluating",
    "train": "Training",
    "finish": "Finishing",
}


class PlainLines:
    """A line for everything worth one. Also what the live bar prints above itself."""

    def __init__(self, console: Console):
        self._console = console
        self._phase = ""
        self._total_iterations = 0
        self._seconds_left: float | None = None

    def __enter__(self) -> "PlainLines":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        if isinstance(event, Phase):
            self._tell_phase(event)
        elif line := self._line_of(event):
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _tell_phase(self, event: Phase) -> None:
        self._seconds_left = event.seconds_left
        if event.phase != self._phase:
            self._phase = event.phase
            self._console.print(f"{LABELS[event.phase]} …", highlight=False)

    def _line_of(self, event: Event) -> str | None:
        match event:
            case Started():
                self._total_iterations = event.total_iterations
                return f"Started: {event.num_trainable_parameters:,} trainable parameters."
            case Resumed():
                return f"Resumed after iteration {event.iteration} from {event.checkpoint or 'the base model'}."
            case Metrics():
                return f"iteration {event.iteration}, {describe_metrics(event)}{self._time_left()}"
            case Evaluation():
                return describe_evaluation(event)
            case Checkpoint():
                return f"Checkpoint {event.path}, {event.num_bytes / 2**20:.1f} MiB."
            case Best():
                return describe_best(event)
            case Scored():
                return describe_scored(event)
            case Tried():
                return describe_tried(event)
            case Log():
                return f"{event.level}: {event.message}"
            case Finished():
                return f"{'Stopped' if event.stopped else 'Finished'} after iteration {event.iteration}."
            case Failed():
                return f"Failed: {event.error}\n{event.traceback}{event.hint}"
        return None

    def _time_left(self) -> str:
        return "" if self._seconds_left is None else f", {format_seconds(self._seconds_left)} left"


class LiveBar(PlainLines):
    """A bar that shows phase, reward, KL and time left; what happened scrolls by above it."""

    def __init__(self, console: Console):
        super().__init__(console)
        self._progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.completed:.0f} of {task.total:.0f} {task.fields[unit]}{task.fields[state]}"),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("Starting", total=1, unit="", state="")
        self._state = ""

    def __enter__(self) -> "LiveBar":
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Metrics):
            self._state = f"  {describe_metrics(event)}"
            self._progress.update(self._task, completed=event.iteration, state=self._state + self._time_left())
        else:
            super().__call__(event)
        if isinstance(event, Failed):
            # Of several processes none gets to the end of its `with`.
            self._progress.stop()

    def _tell_phase(self, event: Phase) -> None:
        self._seconds_left = event.seconds_left
        self._progress.update(
            self._task,
            description=LABELS[event.phase],
            completed=event.done,
            total=event.total,
            unit=event.unit,
            state=self._state + self._time_left(),
        )


def make_console_listener() -> PlainLines:
    console = Console()
    return LiveBar(console) if console.is_terminal else PlainLines(console)


def describe_metrics(event: Metrics) -> str:
    values = event.values
    parts = [f"reward {values['reward/mean']:.4f}"]
    if "kl/reference_nats" in values:
        parts.append(f"KL to base {values['kl/reference_nats']:.3g} nats a step")
    elif "velocity/reference_distance" in values:
        parts.append(f"distance to base {values['velocity/reference_distance']:.3g}")
    return ", ".join([*parts, f"{values['time/images_per_second']:.0f} images/s"])


def describe_evaluation(event: Evaluation) -> str:
    scores = []
    for name, score in event.scores.items():
        difference = event.difference.get(name)
        gain = f" ({difference.mean:+.4f})" if difference else ""
        scores.append(f"{name} {score.mean:.4f}{gain}")
    return f"Evaluation on {event.prompt_set} ({event.num_prompts} prompts): {', '.join(scores)}"


def describe_best(event: Best) -> str:
    places = ", ".join(f"{place.path.rpartition('/')[2]} ({place.mean:.4f})" for place in event.checkpoints)
    return f"Best by {event.score} on {event.prompt_set}: {places}"


def describe_scored(event: Scored) -> str:
    """A line a reward."""
    lines = []
    for reward in event.rewards:
        within = "" if reward.group_std is None else f", within a prompt {reward.group_std:.4g}"
        lines.append(f"{reward.name} (weight {reward.weight:g}): {reward.mean:.4f}, spread {reward.std:.4g}{within}")
    return "\n".join(lines)


def describe_tried(event: Tried) -> str:
    return (
        f"The first step works on {event.device}: {event.peak_memory_gib:.1f} GiB at most; an iteration takes about "
        f"{format_seconds(event.seconds_per_iteration)}, the run {format_seconds(event.seconds_for_run)}."
    )


def format_seconds(seconds: float) -> str:
    """At most two units: `45 s`, `3 min`, `2 h 05 min`."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
