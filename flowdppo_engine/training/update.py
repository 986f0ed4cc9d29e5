"""The optimizer steps on one rollout.

The images, dealt to parts, are worked through in tiles of (image, denoising step). A part accumulates its tiles and
then makes one optimizer step. Shapes: N images of an iteration, T recorded steps, B rows of a tile's pass.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from accelerate import Accelerator

from flowdppo_engine.config import RunConfig
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.policy import divergence
from flowdppo_engine.policy.dynamics import Transition
from flowdppo_engine.policy.trust_regions import TrustRegion
from flowdppo_engine.training.diagnostics import UpdateDiagnostics, measure_movement
from flowdppo_engine.training.parts import Tile, cut_tiles, deal
from flowdppo_engine.training.rollout import Denoising, RecordedStep

REFERENCE_ROWS = 64


class TrainingDiverged(Exception):
    """The gradient was not finite several optimizer steps in a row."""


@dataclass(frozen=True)
class UpdateBatch:
    """What an iteration trains on: its recorded steps, the conditions of its rows, and advantages `[N]` fp32."""

    records: tuple[RecordedStep, ...]
    condition_of: Callable[[torch.Tensor], Conditions]
    advantages: torch.Tensor


class PolicyUpdate:
    """Turns a rollout into optimizer steps on the LoRA."""

    def __init__(
        self,
        config: RunConfig,
        model: FlowModel,
        denoising: Denoising,
        trust_region: TrustRegion,
        optimizer: torch.optim.Optimizer,
        accelerator: Accelerator,
    ):
        self._config = config
        self._model = model
        self._denoising = denoising
        self._trust_region = trust_region
        self._optimizer = optimizer
        self._accelerator = accelerator
        self._parameters = list(model.trainable_parameters().values())
        self._loss_scale = self._choose_loss_scale()
        self.skipped_in_a_row = 0

    @property
    def num_steps(self) -> int:
        """Optimizer steps of an iteration, skipped ones included."""
        return self._config.update.optimizer_steps_per_rollout * self._config.update.inner_epochs

    def run(self, batch: UpdateBatch, iteration: int, check: Callable[[], None] = lambda: None) -> dict[str, float]:
        """All optimizer steps on one rollout; returns metrics by name.

        `check` is called before each tile and may raise to stop. Raises TrainingDiverged.
        """
        diagnostics = UpdateDiagnostics(self._model.num_latent_dims)
        parts = self._deal(iteration)
        for index, rows in enumerate(parts):
            self._accumulate(batch, rows, diagnostics, check, is_last=index == len(parts) - 1)
            self._step(diagnostics)
        return diagnostics.summary(len(parts)) | {"optim/lr": self._config.optimizer.lr}

    def forward(self, batch: UpdateBatch, tile: Tile) -> tuple[Transition, torch.Tensor]:
        """The policy's transition and the old mean `[B, C, H, W]` at a tile; B is its rows times its steps.

        The transition's `std` is 0-d for one step, `[B]` for several.
        """
        sample = torch.cat([batch.records[i].sample[tile.rows] for i in tile.records])
        condition = batch.condition_of(tile.rows.repeat(len(tile.records)))
        guidance_scale = self._denoising.guidance_scale
        velocity = self._model.velocity(sample, self._sigma(batch, tile).to(sample.device), condition, guidance_scale)
        old_velocity = torch.cat([batch.records[i].velocity[tile.rows] for i in tile.records])
        old = self._transition(batch, tile, old_velocity, sample)
        return self._transition(batch, tile, velocity, sample), old.mean

    def _choose_loss_scale(self) -> float:
        """1, but in fp16, where the gradient of a mean over so many latents underflows, a power of two (exact)."""
        if self._config.model.dtype != "float16":
            return 1.0
        num_images = self._config.rollout.groups_per_iteration * self._config.rollout.group_size
        num_rows = num_images / self._config.update.optimizer_steps_per_rollout
        return 2.0 ** round(math.log2(num_rows * self._model.num_latent_dims))

    def _deal(self, iteration: int) -> list[torch.Tensor]:
        rollout, update = self._config.rollout, self._config.update
        return [
            part
            for epoch in range(update.inner_epochs)
            for part in deal(
                rollout.groups_per_iteration,
                rollout.group_size,
                update.optimizer_steps_per_rollout,
                *(self._config.seed, "parts", iteration, epoch),
            )
        ]

    def _accumulate(
        self,
        batch: UpdateBatch,
        rows: torch.Tensor,
        diagnostics: UpdateDiagnostics,
        check: Callable[[], None],
        is_last: bool,
    ) -> None:
        """Add up the gradient of the part's mean loss; rows without an advantage count in it and cost nothing."""
        num_terms = len(rows) * len(batch.records)
        live = rows[batch.advantages[rows] != 0]
        update = self._config.update
        for tile in cut_tiles(live, len(batch.records), update.tile_samples, update.tile_steps):
            check()
            new_mean = self._accumulate_tile(batch, tile, num_terms, diagnostics)
            if is_last and tile.rows[0] == live[0]:
                self._compare_with_reference(batch, tile, new_mean, diagnostics)
        if is_last and not len(live):
            tile = Tile(rows[:REFERENCE_ROWS], tuple(range(len(batch.records))))
            with torch.no_grad():
                self._compare_with_reference(batch, tile, self.forward(batch, tile)[0].mean, diagnostics)

    def _accumulate_tile(
        self, batch: UpdateBatch, tile: Tile, num_terms: int, diagnostics: UpdateDiagnostics
    ) -> torch.Tensor:
        """Backward through one tile unless nothing of it is kept; returns the policy's means, detached."""
        new, old_mean = self.forward(batch, tile)
        next_sample = torch.cat([batch.records[i].next_sample[tile.rows] for i in tile.records])
        movement = measure_movement(old_mean, new, next_sample)
        advantages = batch.advantages[tile.rows].to(new.mean.device).repeat(len(tile.records))
        output = self._trust_region(log_ratio=movement.log_ratio, divergence=movement.kl, advantages=advantages)
        loss = output.loss.sum() / num_terms
        diagnostics.add_tile(movement, output.metrics)
        diagnostics.add_loss(loss.detach())
        if output.keep.any():
            self._accelerator.backward(loss * self._loss_scale)
        return new.mean.detach()

    def _compare_with_reference(
        self, batch: UpdateBatch, tile: Tile, new_mean: torch.Tensor, diagnostics: UpdateDiagnostics
    ) -> None:
        few = Tile(tile.rows[:REFERENCE_ROWS], tile.records)
        with torch.no_grad(), self._model.reference():
            reference, _ = self.forward(batch, few)
        new_mean = new_mean.unflatten(0, (len(tile.records), -1))[:, :REFERENCE_ROWS].flatten(0, 1)
        diagnostics.add_reference_kl(divergence.gaussian_kl(reference.mean, new_mean, reference.std))

    def _sigma(self, batch: UpdateBatch, tile: Tile) -> torch.Tensor:
        sigmas = self._denoising.sigmas[[batch.records[i].step for i in tile.records]]
        return sigmas[0] if len(tile.records) == 1 else sigmas.repeat_interleave(len(tile.rows))

    def _transition(self, batch: UpdateBatch, tile: Tile, velocity: torch.Tensor, sample: torch.Tensor) -> Transition:
        """The policy at each of the tile's steps, put behind one another; one step keeps its 0-d std."""
        num_rows = len(tile.rows)
        parts = zip(velocity.split(num_rows), sample.split(num_rows), strict=True)
        steps = [
            self._denoising.policy(batch.records[i].step, *part) for i, part in zip(tile.records, parts, strict=True)
        ]
        if len(steps) == 1:
            return steps[0]
        return Transition(torch.cat([s.mean for s in steps]), torch.cat([s.std.expand(num_rows) for s in steps]))

    def _step(self, diagnostics: UpdateDiagnostics) -> None:
        """One optimizer step, or none where the gradient is not finite. Raises TrainingDiverged."""
        if self._loss_scale != 1:
            torch._foreach_mul_([parameter.grad for parameter in self._parameters], 1 / self._loss_scale)
        norm = float(self._accelerator.clip_grad_norm_(self._parameters, self._config.optimizer.max_grad_norm))
        diagnostics.add_step(norm)
        if math.isfinite(norm):
            self._optimizer.step()
            self.skipped_in_a_row = 0
        else:
            diagnostics.num_skipped_steps += 1
            self.skipped_in_a_row += 1
        # Zeroed, not dropped: a part whose tiles are all masked has the gradient 0, which still moves Adam's averages.
        self._optimizer.zero_grad(set_to_none=False)
        if self.skipped_in_a_row >= self._config.optimizer.max_skipped_steps:
            raise TrainingDiverged(
                f"the gradient was not finite in {self.skipped_in_a_row} optimizer steps in a row (last norm: {norm})."
            )
