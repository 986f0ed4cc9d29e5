"""Draws the images of an iteration: this process's groups, in batches."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from flowdppo_engine.config import RolloutConfig
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.training import keyed
from flowdppo_engine.training.batch import RecordedStep
from flowdppo_engine.training.denoising import Denoising
from flowdppo_engine.training.rollout import walk

OnBatch = Callable[[torch.Tensor, torch.Tensor], None]
"""Called with the latents `[B, ...]` and the rows `[B]` of each batch as soon as it is drawn."""


@dataclass(frozen=True)
class Noise:
    """Where an iteration's randomness comes from: keyed by image (or group, for a shared start) and denoising step."""

    seed: int
    iteration: int
    latent_shape: tuple[int, ...]

    def initial(self, rows: Sequence[int]) -> torch.Tensor:
        return keyed.normal_rows(self.latent_shape, rows, self.seed, "initial", self.iteration)

    def of_step(self, step: int, rows: Sequence[int]) -> torch.Tensor:
        return keyed.normal_rows(self.latent_shape, rows, self.seed, "step", self.iteration, step)


@dataclass(frozen=True)
class StepNoise(Mapping[int, torch.Tensor]):
    """The noise `[B, ...]` of each stochastic step, drawn when it is asked for.

    By then an accelerator is at work on that step's pass, and the time to draw is not lost.
    """

    noise: Noise
    steps: Sequence[int]
    rows: Sequence[int]

    def __getitem__(self, step: int) -> torch.Tensor:
        if step not in self.steps:
            raise KeyError(step)
        return self.noise.of_step(step, self.rows)

    def __contains__(self, step: object) -> bool:
        return step in self.steps

    def __iter__(self) -> Iterator[int]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)


class Sampler:
    """Denoises whole groups.

    With a shared x_T, what the images of a group have in common before the first stochastic step is computed once;
    `share_prefix=False` computes it for each image, to measure what that saves.
    """

    def __init__(self, model: FlowModel, config: RolloutConfig, groups: range, share_prefix: bool = True):
        self._model = model
        self._config = config
        self._groups = groups
        self._share_prefix = share_prefix

    def draw(
        self,
        denoising: Denoising,
        stochastic_steps: Sequence[int],
        noise: Noise,
        conditions: Conditions,
        on_batch: OnBatch,
        check: Callable[[], None],
    ) -> tuple[RecordedStep, ...]:
        """Draw every image of the iteration; `conditions` are those of this process's groups.

        Returns what was recorded of the stochastic steps, for all images in the order of their rows.
        """
        records: dict[int, list[RecordedStep]] = {step: [] for step in stochastic_steps}
        num_shared = self._num_shared_steps(stochastic_steps, denoising)
        for groups in self._batches_of_groups():
            trunk = self._trunk(denoising, noise, conditions, groups, num_shared, check)
            for rows, sample in self._branches(groups, trunk, noise):
                step_noise = StepNoise(noise, stochastic_steps, self._everywhere(rows))
                condition = conditions.take(rows // self._config.group_size)
                steps = range(num_shared, denoising.num_steps)
                latents, recorded = walk(self._model, denoising, sample, condition, steps, step_noise, check)
                for record in recorded:
                    records[record.step].append(record)
                on_batch(latents, rows)
        return tuple(_joined(parts) for parts in records.values())

    def _num_shared_steps(self, stochastic_steps: Sequence[int], denoising: Denoising) -> int:
        """How many denoising steps the images of a group take together."""
        if not (self._config.shared_initial_noise and self._share_prefix):
            return 0
        return min(stochastic_steps, default=denoising.num_steps)

    def _batches_of_groups(self) -> tuple[torch.Tensor, ...]:
        """This process's groups, counted from 0, as many together as make a batch of images."""
        num_groups = max(1, self._config.batch_size // self._config.group_size)
        return torch.arange(len(self._groups)).split(num_groups)

    def _trunk(
        self,
        denoising: Denoising,
        noise: Noise,
        conditions: Conditions,
        groups: torch.Tensor,
        num_shared: int,
        check: Callable[[], None],
    ) -> torch.Tensor | None:
        """One latent a group, after the steps that its images share; None where each image starts from its own x_T."""
        if not self._config.shared_initial_noise:
            return None
        start = noise.initial([self._groups[group] for group in groups]).to(self._model.device)
        return walk(self._model, denoising, start, conditions.take(groups), range(num_shared), check=check)[0]

    def _branches(
        self, groups: torch.Tensor, trunk: torch.Tensor | None, noise: Noise
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """The image rows of `groups` in batches, each with the latents that it goes on from."""
        size = self._config.group_size
        rows = (groups[:, None] * size + torch.arange(size)).flatten()
        for batch in rows.split(self._config.batch_size):
            if trunk is None:
                yield batch, noise.initial(self._everywhere(batch)).to(self._model.device)
            else:
                yield batch, trunk[(batch // size - groups[0]).to(trunk.device)]

    def _everywhere(self, rows: torch.Tensor) -> list[int]:
        """Rows of this process as places among the images of all processes."""
        return (rows + self._groups.start * self._config.group_size).tolist()


def _joined(parts: list[RecordedStep]) -> RecordedStep:
    tensors = ([getattr(part, name) for part in parts] for name in ("sample", "next_sample", "velocity"))
    return RecordedStep(parts[0].step, *(torch.cat(some) for some in tensors))
