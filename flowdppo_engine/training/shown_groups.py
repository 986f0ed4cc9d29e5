"""Whole groups of a rollout that are told of with their pictures, as training drew and judged them."""

from collections.abc import Sequence
from pathlib import Path

import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.evaluation.picture_files import save_picture
from flowdppo_engine.evaluation.statistics import NUM_DIGITS
from flowdppo_engine.events import Sample
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.scored import Scored
from flowdppo_engine.training.processes import ALONE, Processes


class ShownGroups:
    """The groups of an iteration that are told of: the same places each time, not chosen for what they show.

    They are spread over the rollout, so that processes share the work. `rows` `[S]` are their images among those of
    this process, in order.
    """

    def __init__(self, config: RunConfig, run_folder: Path, processes: Processes = ALONE):
        self._config = config
        self._folder = run_folder
        num_groups, size = config.rollout.groups_per_iteration, config.rollout.group_size
        num_shown, own = min(config.samples.rollout_groups, num_groups), processes.own_groups(num_groups)
        shown = [place * num_groups // num_shown for place in range(num_shown)]
        self.first_row = own.start * size
        self.rows = torch.tensor(
            [group * size + member - self.first_row for group in shown if group in own for member in range(size)],
            dtype=torch.int64,
        )

    def of(self, iteration: int) -> "ShownRollout | None":
        """Those of the `iteration`-th iteration, counted from 1; None where it tells of none."""
        samples = self._config.samples
        is_due = iteration % samples.every == 0 or iteration == self._config.iterations
        if not (is_due and samples.rollout_groups):
            return None
        return ShownRollout(self._config, self._folder, iteration, self.rows, self.first_row)


class ShownRollout:
    """The shown groups of one iteration, taken up as they are drawn. Pictures go to `samples/iteration-000040/`."""

    def __init__(self, config: RunConfig, run_folder: Path, iteration: int, rows: torch.Tensor, first_row: int):
        self._config = config
        self._run_folder = run_folder
        self._folder = run_folder / "samples" / f"iteration-{iteration:06d}"
        self._first_row = first_row
        self._paths: dict[int, Path] = {}
        self.rows = rows

    def take(self, images: torch.Tensor, rows: torch.Tensor) -> None:
        """Write those of the `images` `[B, ...]` (0..1), at `rows` `[B]` of this process, that are shown."""
        for place in torch.isin(rows, self.rows).nonzero().flatten().tolist():
            row = int(rows[place])
            self._folder.mkdir(parents=True, exist_ok=True)
            self._paths[row] = save_picture(images[place], self._folder / f"{self._first_row + row:04d}")

    def describe(
        self, prompts: Sequence[Prompt], scored: Scored, advantages: torch.Tensor, kl: torch.Tensor | None
    ) -> list[Sample]:
        """What the event tells of them.

        `prompts` are those of this process's groups, `scored` and `advantages` `[N]` of its images; `kl` `[S]` is in
        nats.
        """
        size = self._config.rollout.group_size
        return [
            Sample(
                index=self._first_row + row,
                path=self._paths[row].relative_to(self._run_folder).as_posix(),
                prompt=prompts[row // size].text,
                seed=self._config.seed,
                rewards=_scores_of(scored, row),
                kind="rollout",
                group=(self._first_row + row) // size,
                advantage=_rounded(advantages[row]),
                kl=None if kl is None else float(f"{float(kl[place]):.{NUM_DIGITS}g}"),
            )
            for place, row in enumerate(self.rows.tolist())
        ]


def _scores_of(scored: Scored, row: int) -> dict[str, float]:
    return {name: _rounded(values[row]) for name, values in scored.scores.items() if not values[row].isnan()}


def _rounded(value: torch.Tensor) -> float:
    return round(float(value), NUM_DIGITS)
