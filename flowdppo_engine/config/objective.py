"""What is optimised: a policy gradient through the stochastic steps, or the forward process; and the reference."""

from typing import Annotated, Literal

from pydantic import Field

from flowdppo_engine.config.base import Strict, knob


class PolicyGradientConfig(Strict):
    name: Literal["policy_gradient"] = "policy_gradient"


class OldPolicyDecay(Strict):
    """DiffusionNFT's old policy follows the trained one: decay min((step - flat) * rate, hold), 0 up to `flat`."""

    flat: int = knob(0, "Optimizer steps during which the old policy is the trained one.", unit="steps", ge=0)
    rate: float = knob(0.001, "How fast the decay grows after that, a step.", ge=0)
    hold: float = knob(0.5, "Largest decay.", ge=0, lt=1)


class DiffusionNftConfig(Strict):
    """DiffusionNFT (arXiv 2509.16117): contrast good with bad images on the forward process."""

    name: Literal["diffusion_nft"] = "diffusion_nft"
    beta: float = knob(1.0, "How far the implicit positive and negative policies lie from the old one.", gt=0, le=1)
    advantage_max: float = knob(5.0, "Advantage at which an image counts as certainly good.", gt=0)
    num_times: int = knob(2, "Noise levels of the grid at which each image is trained.", unit="levels", ge=1)
    old_policy: OldPolicyDecay = OldPolicyDecay()


ObjectiveConfig = Annotated[PolicyGradientConfig | DiffusionNftConfig, Field(discriminator="name")]


class ReferenceConfig(Strict):
    beta: float = knob(0.0, "Weight of the divergence from the base model in the loss; 0 is none.", ge=0)
    measure: Literal["transition", "mean", "velocity"] = knob(
        "transition",
        "What beta weighs, each a mean over latent dimensions: the KL of the transition (paper, Eq. 17), the squared "
        "difference of its means without 1 / (2 std^2), or of the velocities.",
    )
    guidance_scale: float | None = knob(
        None, "Classifier-free guidance of the base model; empty for that of the update.", ge=1, le=30
    )
    num_logged: int = knob(
        64, "Images of an iteration whose KL to the base model is measured for the log; 0 for none.", ge=0
    )
