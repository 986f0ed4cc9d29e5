"""The policy gradient through the stochastic denoising steps, within a trust region (Flow-DPPO Eq. 17)."""

from collections.abc import Callable, Sequence

import torch

from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.policy import divergence
from flowdppo_engine.policy.dynamics import Transition
from flowdppo_engine.policy.movement import Movement, measure_movement
from flowdppo_engine.policy.trust_regions import TrustRegion
from flowdppo_engine.training.batch import UpdateBatch
from flowdppo_engine.training.diagnostics import UpdateDiagnostics
from flowdppo_engine.training.guidance import Guidance
from flowdppo_engine.training.objectives.base import Objective, TileInputs, TileLoss
from flowdppo_engine.training.objectives.reference import ReferencePenalty
from flowdppo_engine.training.parts import Tile


class PolicyGradient(Objective):
    """A slot is a recorded stochastic denoising step.

    `trust_region` is replaced by its successor after an iteration where it adapts; `recomputes` says whether the old
    policy's velocities are computed anew before the update, in the update's own batches.
    """

    def __init__(
        self,
        model: FlowModel,
        guidance: Guidance,
        trust_region: TrustRegion,
        reference: ReferencePenalty,
    ):
        self._model = model
        self._guidance = guidance
        self._reference = reference
        self.trust_region = trust_region
        self.recomputes = False

    def num_slots(self, batch: UpdateBatch) -> int:
        return len(batch.records)

    def live_rows(self, batch: UpdateBatch, rows: torch.Tensor) -> torch.Tensor:
        if self._reference.beta or self.trust_region.acts_without_advantage:
            return rows
        return rows[batch.advantages[rows] != 0]

    def prepared(self, batch: UpdateBatch, tiles: Sequence[Tile], check: Callable[[], None]) -> UpdateBatch:
        return self._recompute(batch, tiles, check) if self.recomputes else batch

    def tile_loss(self, batch: UpdateBatch, tile: Tile, diagnostics: UpdateDiagnostics) -> TileLoss:
        inputs = self._inputs(batch, tile)
        velocity = self._guidance.velocity(self._model, inputs)
        new, movement = self._compare(batch, tile, inputs, velocity)
        advantages = batch.advantages[tile.rows].to(new.mean.device).repeat(len(tile.slots))
        output = self.trust_region(movement, advantages)
        diagnostics.add_tile(tile, movement, advantages, output)
        loss, flows = output.loss, bool(output.keep.any())
        if self._reference.beta:
            penalty = self._penalty(batch, tile, inputs, velocity, new)
            diagnostics.add_values({"reference/loss": penalty.detach()})
            loss, flows = loss + self._reference.beta * penalty, True
        return TileLoss(loss, flows)

    @torch.no_grad()
    def movement(self, batch: UpdateBatch, tile: Tile) -> Movement:
        """How far the policy has moved from the old one at a tile."""
        inputs = self._inputs(batch, tile)
        return self._compare(batch, tile, inputs, self._guidance.velocity(self._model, inputs))[1]

    @torch.no_grad()
    def measure_reference(self, batch: UpdateBatch, rows: torch.Tensor) -> dict[str, torch.Tensor]:
        tile = Tile(rows, tuple(range(len(batch.records))))
        inputs = self._inputs(batch, tile)
        new = self._transition(batch, tile, self._guidance.velocity(self._model, inputs), inputs.sample)
        reference = self._transition(batch, tile, self._reference.velocity(self._model, inputs), inputs.sample)
        return {"kl/reference_mean": divergence.gaussian_kl(reference.mean, new.mean, reference.std).cpu()}

    def _compare(
        self, batch: UpdateBatch, tile: Tile, inputs: TileInputs, velocity: torch.Tensor
    ) -> tuple[Transition, Movement]:
        records = [batch.records[slot] for slot in tile.slots]
        old_velocity = torch.cat([record.velocity[tile.rows] for record in records])
        next_sample = torch.cat([record.next_sample[tile.rows] for record in records])
        new = self._transition(batch, tile, velocity, inputs.sample)
        old = self._transition(batch, tile, old_velocity, inputs.sample)
        return new, measure_movement(old, new, next_sample, old_velocity, velocity, self._dt(batch, tile))

    def _penalty(
        self, batch: UpdateBatch, tile: Tile, inputs: TileInputs, velocity: torch.Tensor, new: Transition
    ) -> torch.Tensor:
        reference_velocity = self._reference.velocity(self._model, inputs)
        reference = self._transition(batch, tile, reference_velocity, inputs.sample)
        return self._reference.penalty(velocity, reference_velocity, new, reference)

    @torch.no_grad()
    def _recompute(self, batch: UpdateBatch, tiles: Sequence[Tile], check: Callable[[], None]) -> UpdateBatch:
        velocities = [record.velocity.clone() for record in batch.records]
        for tile in tiles:
            check()
            computed = self._guidance.velocity(self._model, self._inputs(batch, tile))
            for slot, part in zip(tile.slots, computed.split(len(tile.rows)), strict=True):
                velocities[slot][tile.rows] = part
        return batch.with_velocities(velocities)

    def _inputs(self, batch: UpdateBatch, tile: Tile) -> TileInputs:
        sample = torch.cat([batch.records[slot].sample[tile.rows] for slot in tile.slots])
        sigma = self._per_row(batch.denoising.sigmas[self._steps(batch, tile)], tile).to(sample.device)
        return TileInputs(sample, sigma, batch.condition_of(tile.rows.repeat(len(tile.slots))))

    def _dt(self, batch: UpdateBatch, tile: Tile) -> torch.Tensor:
        steps, sigmas = self._steps(batch, tile), batch.denoising.sigmas
        return self._per_row(sigmas[steps] - sigmas[[step + 1 for step in steps]], tile)

    def _transition(self, batch: UpdateBatch, tile: Tile, velocity: torch.Tensor, sample: torch.Tensor) -> Transition:
        """The policy at each of the tile's steps, put behind one another; one step keeps its 0-d std."""
        num_rows = len(tile.rows)
        parts = zip(velocity.split(num_rows), sample.split(num_rows), strict=True)
        policies = zip(self._steps(batch, tile), parts, strict=True)
        steps = [batch.denoising.policy(step, *part) for step, part in policies]
        if len(steps) == 1:
            return steps[0]
        return Transition(torch.cat([s.mean for s in steps]), torch.cat([s.std.expand(num_rows) for s in steps]))

    def _steps(self, batch: UpdateBatch, tile: Tile) -> list[int]:
        return [batch.records[slot].step for slot in tile.slots]

    def _per_row(self, of_slots: torch.Tensor, tile: Tile) -> torch.Tensor:
        """Values of the tile's slots as the network and the transition take them: 0-d of one slot, else one a row."""
        return of_slots[0] if len(tile.slots) == 1 else of_slots.repeat_interleave(len(tile.rows))
