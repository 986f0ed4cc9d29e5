"""What a shared run shows: how it stands, curves, samples, evaluations, its configuration.

No log, no errors, no notes, nobody's address, no machine's name: those are the team's.
"""

import re
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from pictures.refs import SAMPLE, Ref
from reports.drawings import Drawing, Gap, Tiles
from reports.kinds import Panel
from reports.panels.curves import Curves
from reports.panels.pictures import tile_of
from reports.panels.table import EvaluationTable
from reports.pieces import Prose
from reports.scope import Scope
from reports.takeaway import Takeaway
from runs.config_texts import as_yaml
from runs.curves import read_keys
from runs.metric_names import shown_first
from runs.models import Run, Sample
from runs.templatetags.markdown import read_tokens

MOST_CURVES = 8
MOST_SAMPLES = 60
NUM_PANELS = 3

# Longer than what a text would have in it.
FENCE = "`" * 12
HIDDEN = "(hidden)"
# Addresses of servers and mailboxes, and the folders that are called by their owners.
PRIVATE = re.compile(r"[\w+.-]+://[^\s'\"]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<=/home/)[^/\s'\"]+|(?<=/Users/)[^/\s'\"]+")


@dataclass(frozen=True)
class RunSamples:
    """The samples of a run at an iteration, or where it was last drawn from."""

    run_id: UUID
    iteration: int | None = None

    @property
    def runs(self) -> tuple[UUID, ...]:
        return (self.run_id,)

    def draw(self, scope: Scope) -> Drawing:
        iteration = self.iteration
        if iteration is None:
            iteration = scope.samples().order_by("-iteration").values_list("iteration", flat=True).first()
        rows = list(scope.samples().filter(iteration=iteration).order_by("kind", "index")[: MOST_SAMPLES + 1])
        if not rows:
            words = "Nothing is drawn yet." if self.iteration is None else "Nothing was drawn at this iteration."
            return Gap("Samples", words)
        note = f"The first {MOST_SAMPLES} of them." if len(rows) > MOST_SAMPLES else ""
        return Tiles(f"Samples at iteration {iteration}", [tile_of(row) for row in rows[:MOST_SAMPLES]], note)


def panel_of(run: Run, number: int, iteration: int | None) -> Panel | None:
    """The page's panels by number, from 0."""
    match number:
        case 0:
            return Curves((run.id,), tuple(shown_first(read_keys([run.id]))[:MOST_CURVES]))
        case 1:
            return RunSamples(run.id, iteration)
        case 2:
            return EvaluationTable((run.id,))
    return None


def sample_iterations(scope: Scope) -> list[int]:
    return list(scope.samples().order_by("iteration").values_list("iteration", flat=True).distinct())


def find_sample(scope: Scope, ref: Ref) -> Sample | None:
    """Drawings are not on a run's page."""
    return scope.samples().filter(id=ref.id).first() if ref.kind == SAMPLE else None


def public_config(run: Run) -> str:
    """The configuration as YAML, without addresses."""
    return PRIVATE.sub(HIDDEN, as_yaml(run.config))


def takeaway_of_run(run: Run, scope: Scope) -> Takeaway:
    """What its page shows now, with the samples where it was last drawn from."""
    drawings = [panel_of(run, number, None).draw(scope) for number in range(NUM_PANELS)]
    configuration = Prose(read_tokens(f"# Configuration\n\n{FENCE}yaml\n{public_config(run)}\n{FENCE}"))
    where = f"{run.state} · iteration {run.iteration} of {run.total_iterations}"
    facts = f"{run.experiment.team.name} · {where} · {timezone.now():%Y-%m-%d %H:%M %Z}"
    return Takeaway(run.name, facts, [*drawings, configuration], scope)
