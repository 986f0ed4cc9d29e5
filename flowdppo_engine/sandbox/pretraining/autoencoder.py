"""The sandbox's autoencoder: 64×64 pictures to latents [4, 8, 8] and back."""

import numpy as np
import torch
from diffusers import AutoencoderTiny

from flowdppo_engine.sandbox.pretraining.pictures import draw_crowded
from flowdppo_engine.sandbox.pretraining.plan import AutoencoderPlan
from flowdppo_engine.sandbox.world import BACKGROUND

CHANNELS = (32, 32, 32, 32)
OBJECT_WEIGHT = 7.0


def build_autoencoder() -> AutoencoderTiny:
    """Nearly all of its depth at 8×8 and 16×16, where a convolution costs little."""
    return AutoencoderTiny(
        encoder_block_out_channels=CHANNELS,
        decoder_block_out_channels=CHANNELS,
        latent_channels=4,
        num_encoder_blocks=(0, 1, 2, 3),
        num_decoder_blocks=(4, 2, 1, 0),
    ).to(memory_format=torch.channels_last)


def train_autoencoder(plan: AutoencoderPlan, rng: np.random.Generator, progress) -> AutoencoderTiny:
    """An autoencoder whose latents have mean 0 and standard deviation 1 after its shift and scale."""
    pool = draw_crowded(rng, plan.num_pictures)
    weight = _object_weight(pool)
    autoencoder = build_autoencoder()
    optimizer = torch.optim.AdamW(autoencoder.parameters(), plan.lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, plan.lr, total_steps=plan.steps, pct_start=0.05)
    running = 1.0
    for step in range(plan.steps):
        rows = torch.randint(len(pool), (plan.batch_size,))
        loss = _reconstruction_loss(autoencoder, pool[rows], weight[rows], plan)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(autoencoder.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        running += 0.02 * (loss.item() - running)
        progress(step + 1, plan.steps, f"loss {running:.4f}")
    _normalise_latents(autoencoder, pool[:1024])
    return autoencoder.eval().requires_grad_(False)


def _reconstruction_loss(autoencoder, pictures, weight, plan: AutoencoderPlan) -> torch.Tensor:
    pictures = pictures.to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        latents = autoencoder.encode(pictures * 2 - 1).latents
        restored = autoencoder.decode(latents + plan.latent_noise * torch.randn_like(latents)).sample
    error = restored.float() / 2 + 0.5 - pictures
    return ((error.abs() + 4 * error.square()) * weight).mean() + plan.latent_penalty * latents.float().square().mean()


def _object_weight(pictures: torch.Tensor) -> torch.Tensor:
    """[B, 1, 64, 64]: objects and their outlines weigh more than the paper, which is most of a picture and easy."""
    paper = torch.tensor(BACKGROUND).view(1, 3, 1, 1) / 255
    objects = ((pictures - paper).square().sum(1, keepdim=True) > 0.02).float()
    return 1 + (OBJECT_WEIGHT - 1) * torch.nn.functional.max_pool2d(objects, 3, 1, 1)


@torch.no_grad()
def encode_pictures(autoencoder: AutoencoderTiny, pictures: torch.Tensor) -> torch.Tensor:
    """Normalised latents [B, 4, 8, 8] of pictures [B, 3, 64, 64] in [0, 1]."""
    raw = autoencoder.encode((pictures * 2 - 1).to(memory_format=torch.channels_last)).latents
    return (raw - autoencoder.config.shift_factor) * autoencoder.config.scaling_factor


@torch.no_grad()
def decode_latents(autoencoder: AutoencoderTiny, latents: torch.Tensor) -> torch.Tensor:
    """Pictures [B, 3, 64, 64] in [0, 1] of normalised latents [B, 4, 8, 8]."""
    raw = latents / autoencoder.config.scaling_factor + autoencoder.config.shift_factor
    return (autoencoder.decode(raw.to(memory_format=torch.channels_last)).sample / 2 + 0.5).clamp(0, 1)


@torch.no_grad()
def _normalise_latents(autoencoder: AutoencoderTiny, pictures: torch.Tensor) -> None:
    raw = autoencoder.encode(pictures * 2 - 1).latents
    autoencoder.register_to_config(shift_factor=raw.mean().item(), scaling_factor=1 / raw.std().item())
