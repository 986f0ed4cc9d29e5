"""DiffusionNFT (arXiv 2509.16117): contrast better with worse images on the forward process, without any ratio."""

import torch

from flowdppo_engine.config import DiffusionNftConfig
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.policy.matching import diffusion_nft_loss
from flowdppo_engine.policy.reference import mean_square
from flowdppo_engine.training import keyed
from flowdppo_engine.training.averages import Average
from flowdppo_engine.training.batch import UpdateBatch
from flowdppo_engine.training.diagnostics import UpdateDiagnostics
from flowdppo_engine.training.guidance import Guidance
from flowdppo_engine.training.objectives.base import Objective, TileInputs, TileLoss
from flowdppo_engine.training.objectives.reference import ReferencePenalty
from flowdppo_engine.training.parts import Tile


class ForwardProcess(Objective):
    """A slot is a noise level of the rollout's grid, drawn anew for each image, with noise drawn anew.

    `old` holds the weights that the images were drawn with.
    """

    def __init__(
        self,
        model: FlowModel,
        config: DiffusionNftConfig,
        seed: int,
        guidance: Guidance,
        old: Average,
        reference: ReferencePenalty,
    ):
        self._model = model
        self._config = config
        self._seed = seed
        self._guidance = guidance
        self._old = old
        self._reference = reference

    def num_slots(self, batch: UpdateBatch) -> int:
        return self._config.num_times

    def live_rows(self, batch: UpdateBatch, rows: torch.Tensor) -> torch.Tensor:
        # An advantage of 0 is an optimality of one half, which still pulls both implicit policies towards the image.
        return rows

    def tile_loss(self, batch: UpdateBatch, tile: Tile, diagnostics: UpdateDiagnostics) -> TileLoss:
        clean = _clean(batch, tile)
        inputs = self._inputs(batch, tile, clean)
        velocity = self._guidance.velocity(self._model, inputs)
        with torch.no_grad(), self._old.applied():
            old_velocity = self._guidance.velocity(self._model, inputs)
        advantages = batch.advantages[tile.rows].to(velocity.device).repeat(len(tile.slots))
        loss = diffusion_nft_loss(
            velocity,
            old_velocity,
            inputs.sample,
            clean,
            inputs.sigma,
            advantages,
            beta=self._config.beta,
            advantage_max=self._config.advantage_max,
        )
        diagnostics.add_values({"velocity/old_distance": mean_square(velocity.detach(), old_velocity)})
        if self._reference.beta:
            penalty = mean_square(velocity, self._reference.velocity(self._model, inputs))
            diagnostics.add_values({"reference/loss": penalty.detach()})
            loss = loss + self._reference.beta * penalty
        return TileLoss(loss, flows=True)

    @torch.no_grad()
    def measure_reference(self, batch: UpdateBatch, rows: torch.Tensor) -> dict[str, torch.Tensor]:
        tile = Tile(rows, tuple(range(self._config.num_times)))
        inputs = self._inputs(batch, tile, _clean(batch, tile))
        velocity = self._guidance.velocity(self._model, inputs)
        distance = mean_square(velocity, self._reference.velocity(self._model, inputs))
        return {"velocity/reference_distance": distance.cpu()}

    def _inputs(self, batch: UpdateBatch, tile: Tile, clean: torch.Tensor) -> TileInputs:
        """Noised images: `x_t = (1 - t) x_0 + t noise`."""
        rows = tile.rows.tolist()
        sigma = torch.stack([self._sigma(batch, slot, row) for slot in tile.slots for row in rows])
        noise = torch.cat([self._noise(batch, slot, rows) for slot in tile.slots])
        sigma, noise = sigma.to(clean.device), noise.to(clean.device)
        level = sigma.view(-1, *[1] * (clean.ndim - 1))
        condition = batch.condition_of(tile.rows.repeat(len(tile.slots)))
        return TileInputs((1 - level) * clean + level * noise, sigma, condition)

    def _sigma(self, batch: UpdateBatch, slot: int, row: int) -> torch.Tensor:
        """0-d: the level of an image's slot; all its slots have different ones, and none is 0."""
        key = (self._seed, "levels", batch.iteration, batch.first_row + row)
        return batch.denoising.sigmas[int(keyed.permutation(batch.denoising.num_steps, *key)[slot])]

    def _noise(self, batch: UpdateBatch, slot: int, rows: list[int]) -> torch.Tensor:
        places = [batch.first_row + row for row in rows]
        return keyed.normal_rows(batch.latents.shape[1:], places, self._seed, "forward", batch.iteration, slot)


def _clean(batch: UpdateBatch, tile: Tile) -> torch.Tensor:
    """The drawn latents of a tile, `[B, ...]`."""
    return batch.latents[tile.rows].repeat(len(tile.slots), *[1] * (batch.latents.ndim - 1))
