"""How often a run passes through the network.

The unit is one pass of one image (or video) forward through the transformer; guidance makes two of a step. A pass that
is trained costs its backward pass too, which with a LoRA takes about as long as the forward pass (the weights
themselves have no gradient), and with gradient checkpointing a second forward pass. Measured in floating-point
operations it is 1.98 units without and 2.97 with checkpointing; here 2 and 3.
"""

from dataclasses import dataclass
from functools import cached_property

from flowdppo_engine.config import RunConfig
from flowdppo_engine.policy.schedules import num_tail_steps, select_stochastic_steps

FORWARD, BACKWARD = 1, 1


@dataclass(frozen=True)
class Phase:
    """A part of a run: passes without a gradient, and passes that are trained, each of one image."""

    name: str
    forwards: float
    trained: float = 0.0

    @property
    def passes(self) -> float:
        """Images that go forward through the transformer."""
        return self.forwards + self.trained


@dataclass(frozen=True)
class Evaluations:
    """How often a run is evaluated and draws samples, and how many images each time."""

    num_evaluations: int
    num_images: int
    num_drift_images: int
    num_sample_rounds: int
    num_samples: int


class RunCost:
    """The passes of a run. What is skipped on the way (images without an advantage, tiles that the trust region blocks
    whole) is not known before, so the update is an upper bound.

    Args:
        set_sizes: prompts in each evaluation set, in the configuration's order, where they are known.
    """

    def __init__(self, config: RunConfig, set_sizes: tuple[int, ...] | None = None):
        self._config = config
        self._set_sizes = set_sizes

    @property
    def num_images(self) -> int:
        """Images drawn for training, over the run."""
        return self._config.rollout.num_images * self._config.iterations

    @property
    def num_optimizer_steps(self) -> int:
        return self._config.update.num_steps_per_rollout * self._config.iterations

    @property
    def num_slots(self) -> int:
        """How often each image is trained in a pass over the rollout: its stochastic steps, or noise levels."""
        config = self._config
        if config.objective.name == "diffusion_nft":
            return config.objective.num_times
        return config.rollout.num_stochastic_steps

    @cached_property
    def iteration(self) -> tuple[Phase, ...]:
        """The phases of an iteration, on average over the run where iterations differ."""
        return (
            Phase("rollout", self._rollout_forwards / self._config.iterations),
            Phase("old policy", self._old_policy_forwards()),
            self._update(),
            Phase("reference", self._reference_forwards()),
            Phase("KL to the base model", self._logged_forwards()),
        )

    @cached_property
    def once(self) -> tuple[Phase, ...]:
        """The phases of the whole run that are no part of an iteration."""
        evaluation = self._config.evaluation
        each = evaluation.num_denoising_steps * _branches(evaluation.guidance_scale)
        counts = self.evaluations
        return (
            Phase("noise floor", self._floor_forwards()),
            Phase("evaluations", counts.num_evaluations * counts.num_images * each),
            # The policy draws them once more, and the base model is asked at each step.
            Phase("drift from the base model", counts.num_evaluations * counts.num_drift_images * 2 * each),
            Phase("samples", counts.num_sample_rounds * counts.num_samples * each),
            Phase("KL of shown groups", self._shown_forwards()),
        )

    @cached_property
    def evaluations(self) -> Evaluations:
        config = self._config
        wanted, drifting = config.evaluation.num_prompts, config.evaluation.num_drift_prompts
        sizes = self._set_sizes or (wanted,) * len(config.evaluation.prompt_sets)
        num_sample_prompts = min(config.samples.num_prompts, sizes[0] if sizes else config.samples.num_prompts)
        return Evaluations(
            self._num_due(config.evaluation.every) if sizes else 0,
            sum(min(wanted, size) for size in sizes),
            sum(min(wanted, size, drifting) for size in sizes),
            self._num_due(config.samples.every),
            num_sample_prompts * config.samples.seeds_per_prompt,
        )

    def units(self, phase: Phase) -> float:
        """What a phase costs, in forward passes."""
        recomputed = FORWARD if self._config.model.gradient_checkpointing else 0
        return FORWARD * phase.forwards + (FORWARD + recomputed + BACKWARD) * phase.trained

    @property
    def units_per_iteration(self) -> float:
        return sum(map(self.units, self.iteration))

    @property
    def total_units(self) -> float:
        return self._config.iterations * self.units_per_iteration + sum(map(self.units, self.once))

    @property
    def saved_by_shared_prefix(self) -> float:
        """Passes an iteration that a group's shared start saves, on average."""
        rollout = self._config.rollout
        if not rollout.shared_initial_noise:
            return 0.0
        saved_images = rollout.num_images - rollout.groups_per_iteration
        shared = sum(min(steps) for steps in self._stochastic_steps()) / self._config.iterations
        return saved_images * shared * _branches(rollout.guidance_scale)

    def _stochastic_steps(self) -> list[tuple[int, ...]]:
        """Those of each iteration; none under the ODE."""
        config = self._config
        if config.rollout.dynamics.name == "ode":
            return []
        return [
            select_stochastic_steps(
                config.rollout.stochastic_steps, config.rollout.num_denoising_steps, config.seed, iteration
            )
            for iteration in range(config.iterations)
        ]

    @cached_property
    def _rollout_forwards(self) -> float:
        rollout = self._config.rollout
        steps = self._stochastic_steps()
        walked = sum(self._num_walked(max(some)) for some in steps) if steps else self._num_walked_by_ode()
        passes = rollout.num_images * walked * _branches(rollout.guidance_scale)
        return passes - self._config.iterations * self.saved_by_shared_prefix

    def _num_walked(self, last_stochastic_step: int) -> int:
        """Denoising steps of an iteration."""
        rollout = self._config.rollout
        remaining = rollout.num_denoising_steps - last_stochastic_step - 1
        return last_stochastic_step + 1 + num_tail_steps(remaining, rollout.ode.tail_fraction)

    def _num_walked_by_ode(self) -> int:
        return self._config.iterations * self._config.rollout.num_denoising_steps

    def _tiles_forwards(self) -> int:
        """Images times slots, in all passes over a rollout."""
        return self._config.rollout.num_images * self.num_slots * self._config.update.inner_epochs

    def _old_policy_forwards(self) -> float:
        """The old policy at the update's inputs: DiffusionNFT asks it each time, a policy gradient once or never."""
        config, branches = self._config, _branches(self._update_guidance)
        if config.objective.name == "diffusion_nft":
            return self._tiles_forwards() * branches
        if self._surely_recomputes:
            return config.rollout.num_images * self.num_slots * branches
        return 0

    def _update(self) -> Phase:
        tiles = self._tiles_forwards()
        unconditional = tiles * (_branches(self._update_guidance) - 1)
        if self._config.update.guidance_gradient == "both":
            return Phase("update", 0, tiles + unconditional)
        return Phase("update", unconditional, tiles)

    def _reference_forwards(self) -> float:
        return self._tiles_forwards() * _branches(self._reference_guidance) if self._config.reference.beta else 0

    def _logged_forwards(self) -> float:
        rows = min(self._config.reference.num_logged, self._config.rollout.num_images)
        return rows * self.num_slots * (_branches(self._update_guidance) + _branches(self._reference_guidance))

    def _shown_forwards(self) -> float:
        """Of groups that are told of with their pictures: as for the logged KL, and where there is none, none."""
        config = self._config
        if config.objective.name == "diffusion_nft" or not config.reference.num_logged:
            return 0
        num_groups = min(config.samples.rollout_groups, config.rollout.groups_per_iteration)
        rows = num_groups * config.rollout.group_size
        each = self.num_slots * (_branches(self._update_guidance) + _branches(self._reference_guidance))
        # None before the first iteration.
        return (self._num_due(config.samples.every) - 1) * rows * each

    def _floor_forwards(self) -> float:
        """One tile, in the first iteration, where it decides whether the old policy is computed anew."""
        config = self._config
        if config.objective.name == "diffusion_nft" or config.update.old_policy == "stored" or self._surely_recomputes:
            return 0
        rows = min(config.update.tile_samples, config.rollout.num_images)
        return rows * min(config.update.tile_steps, self.num_slots) * _branches(self._update_guidance)

    @property
    def _surely_recomputes(self) -> bool:
        update = self._config.update
        return update.old_policy == "recomputed" or self._update_guidance != self._config.rollout.guidance_scale

    @property
    def _update_guidance(self) -> float:
        return self._config.update.guidance_scale or self._config.rollout.guidance_scale

    @property
    def _reference_guidance(self) -> float:
        return self._config.reference.guidance_scale or self._update_guidance

    def _num_due(self, every: int) -> int:
        """Before the first iteration, after each `every`, and after the last."""
        iterations = self._config.iterations
        return 1 + iterations // every + (iterations % every > 0)


def _branches(guidance_scale: float) -> int:
    """Passes of a guided step: conditional and unconditional."""
    return 1 if guidance_scale == 1 else 2
