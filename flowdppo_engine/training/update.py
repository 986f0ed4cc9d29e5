"""The optimizer steps on one rollout.

The images, dealt to parts, are worked through in tiles of (image, slot). A part accumulates its tiles and then makes
one optimizer step. Several processes each work through their own images, and add their gradients up before the step.
Where they pass through the network together, those with fewer tiles than others repeat one for nothing.
"""

import math
from collections.abc import Callable

import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.training.batch import UpdateBatch
from flowdppo_engine.training.diagnostics import UpdateDiagnostics
from flowdppo_engine.training.learning_rate import learning_rate
from flowdppo_engine.training.objectives.base import Objective
from flowdppo_engine.training.parts import Part, Tile, cut_tiles, deal, own_part
from flowdppo_engine.training.processes import Processes
from flowdppo_engine.training.zero2 import Zero2


class TrainingDiverged(Exception):
    """The gradient was not finite several optimizer steps in a row."""


class Update:
    """Turns a rollout into optimizer steps on the LoRA.

    `skips_blocked_tiles=False` runs the backward pass of tiles without a gradient too, to measure what that saves.
    """

    def __init__(
        self,
        config: RunConfig,
        model: FlowModel,
        objective: Objective,
        optimizer: torch.optim.Optimizer,
        processes: Processes,
        zero2: Zero2 | None = None,
        skips_blocked_tiles: bool = True,
    ):
        self._config = config
        self._objective = objective
        self._optimizer = optimizer
        self._processes = processes
        self._zero2 = zero2
        # Where processes pass together, a backward pass is made by all of them.
        self._skips_blocked_tiles = skips_blocked_tiles and not processes.passes_together
        self._parameters = list(model.trainable_parameters().values())
        self._num_latent_dims = model.num_latent_dims
        self._loss_scale = self._choose_loss_scale()
        self.skipped_in_a_row = 0

    @property
    def num_steps(self) -> int:
        """Optimizer steps of an iteration, skipped ones included."""
        return self._config.update.num_steps_per_rollout

    def run(self, batch: UpdateBatch, step: int, check: Callable[[], None] = lambda: None) -> UpdateDiagnostics:
        """All optimizer steps on one rollout, the first of which is `step` of the run, counted from 0.

        `check` is called before each tile and may raise to stop. Raises TrainingDiverged.
        """
        diagnostics, parts = self._diagnostics(batch), self._deal(batch)
        first_pass = parts[: self._config.update.optimizer_steps_per_rollout]
        tiles = [tile for part in first_pass for tile in self._tiles(batch, part)]
        with self._processes.section():
            batch = self._objective.prepared(batch, self._as_many_as_others(tiles), check)
        for index, part in enumerate(parts):
            diagnostics.learning_rate = self._set_learning_rate(step + index)
            with self._processes.section():
                self._accumulate(batch, part, diagnostics, check)
            diagnostics.add_step(self._step())
        return diagnostics

    def probe_tile(self, batch: UpdateBatch) -> Tile:
        """A tile as large as those of the update, in which every image has another place than it had at rollout.

        Of the last slots: near the data the same error of a velocity is many times the KL that it is near the noise.
        """
        rows, update = torch.arange(len(batch.advantages)).flip(0), self._config.update
        slots = range(self._objective.num_slots(batch))
        return Tile(rows[: update.tile_samples], tuple(slots[-update.tile_steps :]))

    def _choose_loss_scale(self) -> float:
        """1, but in fp16, where the gradient of a mean over so many latents underflows, a power of two (exact)."""
        if self._config.model.dtype != "float16":
            return 1.0
        num_rows = self._config.rollout.num_images / self._config.update.optimizer_steps_per_rollout
        return 2.0 ** round(math.log2(num_rows * self._num_latent_dims))

    def _deal(self, batch: UpdateBatch) -> list[Part]:
        rollout, update = self._config.rollout, self._config.update
        own = range(batch.first_row, batch.first_row + len(batch.advantages))
        return [
            own_part(rows, own)
            for epoch in range(update.inner_epochs)
            for rows in deal(
                rollout.groups_per_iteration,
                rollout.group_size,
                update.optimizer_steps_per_rollout,
                *(self._config.seed, "parts", batch.iteration, epoch),
            )
        ]

    def _tiles(self, batch: UpdateBatch, part: Part) -> list[Tile]:
        live, update = self._objective.live_rows(batch, part.rows), self._config.update
        return list(cut_tiles(live, self._objective.num_slots(batch), update.tile_samples, update.tile_steps))

    def _accumulate(
        self, batch: UpdateBatch, part: Part, diagnostics: UpdateDiagnostics, check: Callable[[], None]
    ) -> None:
        """Add up the gradient of the part's mean loss; rows that teach nothing count in it and cost nothing."""
        num_terms = part.num_images * self._objective.num_slots(batch)
        tiles = self._tiles(batch, part)
        for index, tile in enumerate(self._as_many_as_others(tiles)):
            check()
            counts = index < len(tiles)
            seen = diagnostics if counts else self._diagnostics(batch)
            diagnostics.add_loss(self._learn_from(batch, tile, counts / num_terms, seen))

    def _learn_from(
        self, batch: UpdateBatch, tile: Tile, share: float, diagnostics: UpdateDiagnostics
    ) -> torch.Tensor:
        """Add up the gradient of `share` times the sum of a tile's loss; returns that, 0-d, detached.

        A method of its own, so that the graph of a blocked tile, which no backward pass frees, goes before the next.
        """
        result = self._objective.tile_loss(batch, tile, diagnostics)
        loss = result.loss.sum() * share
        if result.flows or not self._skips_blocked_tiles:
            (loss * self._loss_scale).backward()
        return loss.detach()

    def _as_many_as_others(self, tiles: list[Tile]) -> list[Tile]:
        """`tiles`, then where processes pass together one of them again, until there are as many as in any other."""
        if not self._processes.passes_together:
            return tiles
        again = tiles[-1] if tiles else Tile(torch.zeros(1, dtype=torch.int64), (0,))
        return tiles + [again] * (self._processes.most(len(tiles)) - len(tiles))

    def _diagnostics(self, batch: UpdateBatch) -> UpdateDiagnostics:
        return UpdateDiagnostics(batch, self._config.rollout.dynamics.name, self._processes)

    def _set_learning_rate(self, step: int) -> float:
        rate = learning_rate(self._config.optimizer, step, self._config.iterations * self.num_steps)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        return rate

    def _step(self) -> float:
        """One optimizer step, or none where the gradient is not finite; returns its norm. Raises TrainingDiverged."""
        if self._loss_scale != 1:
            torch._foreach_mul_([parameter.grad for parameter in self._parameters], 1 / self._loss_scale)
        norm = self._zero2.step() if self._zero2 else self._step_alike()
        self.skipped_in_a_row = 0 if math.isfinite(norm) else self.skipped_in_a_row + 1
        # Zeroed, not dropped: a part whose tiles are all masked has the gradient 0, which still moves Adam's averages.
        torch._foreach_zero_([parameter.grad for parameter in self._parameters])
        if self.skipped_in_a_row >= self._config.optimizer.max_skipped_steps:
            raise TrainingDiverged(
                f"the gradient was not finite in {self.skipped_in_a_row} optimizer steps in a row (last norm: {norm})."
            )
        return norm

    def _step_alike(self) -> float:
        """The step, the same in every process; none where the gradient is not finite. Returns its norm."""
        self._processes.add_up([parameter.grad for parameter in self._parameters])
        norm = float(torch.nn.utils.clip_grad_norm_(self._parameters, self._config.optimizer.max_grad_norm))
        if math.isfinite(norm):
            self._optimizer.step()
        return norm
