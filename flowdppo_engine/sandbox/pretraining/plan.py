"""How long and how fast the base model is pretrained; the whole plan goes into the model's manifest."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AutoencoderPlan:
    """`latent_noise` blurs the latents while training, so that near latents decode to near pictures."""

    num_pictures: int = 6000
    steps: int = 4000
    batch_size: int = 16
    lr: float = 3e-3
    latent_noise: float = 0.05
    latent_penalty: float = 1e-4


@dataclass(frozen=True, slots=True)
class FlowPlan:
    """`prompt_dropout` trains the unconditional half of classifier-free guidance."""

    steps: int = 3000
    batch_size: int = 256
    lr: float = 2e-3
    warmup_steps: int = 200
    ema_decay: float = 0.999
    prompt_dropout: float = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """`wrong_counts`: share of the captions with one count off by one, as captions of the web are; it is what leaves
    reinforcement learning something to mend."""

    seed: int = 0
    num_pictures: int = 60_000
    wrong_counts: float = 0.3
    autoencoder: AutoencoderPlan = AutoencoderPlan()
    flow: FlowPlan = FlowPlan()


TINY_PLAN = Plan(
    num_pictures=512,
    autoencoder=AutoencoderPlan(num_pictures=64, steps=40),
    flow=FlowPlan(steps=8, batch_size=16, warmup_steps=4),
)
