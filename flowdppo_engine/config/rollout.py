"""How images are drawn for training: the group, the sigma grid, the stochastic steps, the dynamics."""

from typing import Annotated, Literal

from pydantic import Field

from flowdppo_engine.config.base import Strict, knob


class AllSteps(Strict):
    name: Literal["all"] = "all"


class FirstSteps(Strict):
    name: Literal["first_k"] = "first_k"
    k: int = knob(2, "How many steps, counted from the noise.", unit="steps", ge=1)


class RandomSteps(Strict):
    name: Literal["random_k_of_range"] = "random_k_of_range"
    k: int = knob(2, "How many steps are drawn, afresh each iteration.", unit="steps", ge=1)
    first: int = knob(0, "First step of the range to draw from.", unit="step index", ge=0)
    last: int = knob(3, "Last step of the range to draw from, included.", unit="step index", ge=0)


class SlidingWindow(Strict):
    """MixGRPO's window of neighbouring steps."""

    name: Literal["sliding_window"] = "sliding_window"
    size: int = knob(2, "Steps in the window.", unit="steps", ge=1)
    first: int = knob(0, "First step of the range that the window moves over.", unit="step index", ge=0)
    last: int = knob(3, "Last step of that range, included.", unit="step index", ge=0)
    stride: int = knob(1, "How far the window moves.", unit="steps", ge=1)
    every: int = knob(25, "The window moves after this many iterations.", unit="iterations", ge=1)
    order: Literal["progressive", "random"] = knob(
        "progressive", "From noise to data and then from the start again, or anywhere each time."
    )


StochasticStepsConfig = Annotated[AllSteps | FirstSteps | RandomSteps | SlidingWindow, Field(discriminator="name")]


class DynamicsConfig(Strict):
    name: Literal["flow_sde", "dance_sde", "cps", "ode"] = knob(
        "flow_sde", "Sampler of the stochastic steps.", essential=True
    )
    noise_level: float = knob(
        0.8,
        "Noise of the stochastic steps: a of Flow-SDE, the constant diffusion of Dance-SDE, eta of CPS (0 to 1).",
        essential=True,
        ge=0,
        le=2,
    )


class OdeConfig(Strict):
    solver: Literal["euler", "dpm_solver_2m"] = knob(
        "euler", "Solver of the steps that draw no noise: Euler, or the second-order DPM-Solver++ (MixGRPO-Flash)."
    )
    tail_fraction: float = knob(
        1.0, "Share of the denoising steps after the last stochastic one that is walked; fewer are larger.", gt=0, le=1
    )


class RolloutConfig(Strict):
    group_size: int = knob(16, "Images drawn for each prompt; advantages compare within them.", essential=True, ge=2)
    groups_per_iteration: int = knob(32, "Prompts in an iteration.", essential=True, ge=1)
    num_denoising_steps: int = knob(8, "Denoising steps of a rollout.", unit="steps", essential=True, ge=2, le=200)
    schedule: Literal["linspace_shift", "diffusers", "pipeline"] = knob(
        "linspace_shift",
        "How the sigma grid is laid: evenly and shifted once, as diffusers' scheduler does (shifted twice), or as the "
        "family's own pipeline does, from the size of the image.",
    )
    shift: float = knob(1.0, "Shift of the sigma grid towards noise; not used by `pipeline`.", gt=0, le=20)
    stochastic_steps: StochasticStepsConfig = RandomSteps()
    dynamics: DynamicsConfig = DynamicsConfig()
    ode: OdeConfig = OdeConfig()
    guidance_scale: float = knob(1.0, "Classifier-free guidance of the rollout; 1 is none.", ge=1, le=30)
    shared_initial_noise: bool = knob(
        False,
        "Start every image of a group from the same x_T. What they then share before the first stochastic step is "
        "computed once.",
    )
    batch_size: int = knob(256, "Images denoised together.", unit="images", ge=1)

    @property
    def num_images(self) -> int:
        """Images of an iteration, over all processes."""
        return self.group_size * self.groups_per_iteration

    @property
    def num_stochastic_steps(self) -> int:
        """Denoising steps of an iteration that draw noise."""
        match self.stochastic_steps:
            case _ if self.dynamics.name == "ode":
                return 0
            case AllSteps():
                return self.num_denoising_steps
            case SlidingWindow(size=size):
                return size
            case FirstSteps(k=k) | RandomSteps(k=k):
                return k

    @property
    def last_stochastic_step(self) -> int:
        """The last denoising step that may ever draw noise, counted from 0."""
        match self.stochastic_steps:
            case AllSteps():
                return self.num_denoising_steps - 1
            case FirstSteps(k=k):
                return k - 1
            case RandomSteps(last=last) | SlidingWindow(last=last):
                return last
