"""Pictures as a grid: prompts down, policies across."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from pictures.policies import Policy, PolicyRef
from reports.drawings import Column, Drawing, Gap, Grid, Tile
from reports.panels.pictures import caption_of
from reports.reading import Reading
from reports.scope import Row, Scope

MOST_POLICIES, MOST_PROMPTS, USUAL_PROMPTS = 8, 30, 6
LARGEST_SEED = 2**63 - 1
# A wall of drawings does not have to be read whole for a few rows.
MOST_READ = 2000


@dataclass(frozen=True)
class PictureGrid:
    policies: tuple[PolicyRef, ...]
    prompts: tuple[str, ...] = ()
    num_prompts: int = USUAL_PROMPTS
    seed: int | None = None
    title: str = ""

    @property
    def runs(self) -> tuple[UUID, ...]:
        return tuple(dict.fromkeys(ref.run_id for ref in self.policies))

    @classmethod
    def read(cls, reading: Reading) -> "PictureGrid":
        needed = "give a run's id, @ and an iteration, as in ID@40, with commas; 0 is its base model"
        return cls(
            policies=reading.policies("policies", MOST_POLICIES, needed),
            prompts=reading.texts("prompt", MOST_PROMPTS),
            num_prompts=reading.integer("num_prompts", 1, MOST_PROMPTS, USUAL_PROMPTS),
            seed=reading.integer("seed", 0, LARGEST_SEED, None),
            title=reading.text("title"),
        )

    def draw(self, scope: Scope) -> Drawing:
        runs = {run.id: run for run in scope.runs(self.runs)}
        found = self._find(scope)
        title = self.title or "Pictures"
        prompts = self.prompts or _shared_prompts(found, self.num_prompts)
        columns = [ref for ref in self.policies if ref.run_id in runs]
        rows = [(prompt, [_tile(found[ref].get(prompt)) for ref in columns]) for prompt in prompts]
        if not any(tile for _, tiles in rows for tile in tiles):
            return Gap(title, "There are no pictures of these policies for these prompts.")
        names = [Column(str(Policy(runs[ref.run_id], ref.iteration, None)), ref.run_id) for ref in columns]
        gone = len(self.policies) - len(columns)
        note = f"{gone} polic{'y is' if gone == 1 else 'ies are'} not there any more." if gone else ""
        return Grid(title, names, rows, note)

    def _find(self, scope: Scope) -> dict[PolicyRef, dict[str, Row]]:
        """By policy and prompt the picture with the lowest seed, or the given one; samples of the run come first."""
        found: dict[PolicyRef, dict[str, Row]] = defaultdict(dict)
        # What is drawn for people to look at comes before what was trained on.
        for rows in (scope.samples().order_by("kind", "seed", "id"), scope.drawings().order_by("seed", "id")):
            for row in self._narrow(rows)[:MOST_READ]:
                found[PolicyRef(row.run_id, row.iteration)].setdefault(row.prompt, row)
        return found

    def _narrow(self, rows):
        drawn = Q(pk__in=[])
        for ref in self.policies:
            drawn |= Q(run_id=ref.run_id, iteration=ref.iteration)
        rows = rows.filter(drawn)
        rows = rows.filter(prompt__in=self.prompts) if self.prompts else rows
        return rows if self.seed is None else rows.filter(seed=self.seed)


def _shared_prompts(found: dict[PolicyRef, dict[str, Row]], num_prompts: int) -> list[str]:
    """Those that most of the policies have drawn; among equals in the order of their names, which does not move."""
    counts = Counter(prompt for pictures in found.values() for prompt in pictures)
    return sorted(counts, key=lambda prompt: (-counts[prompt], prompt))[:num_prompts]


def _tile(row: Row | None) -> Tile | None:
    return Tile(row, f"“{row.prompt}”, seed {row.seed}", caption_of(row)) if row else None
