"""Flow matching on the latents: the transformer and both text encoders learn the velocity together."""

import copy
from dataclasses import dataclass

import torch
from diffusers import SD3Transformer2DModel
from torch import nn

from flowdppo_engine.sandbox.pretraining.plan import FlowPlan
from flowdppo_engine.sandbox.pretraining.text import HIDDEN_SIZE, build_text_encoder, encode_tokens, tokenize

NUM_TRAIN_TIMESTEPS = 1000


class FlowModel(nn.Module):
    """Everything of the base model that learns by flow matching."""

    def __init__(self, tokenizer):
        super().__init__()
        self.text_encoder = build_text_encoder(tokenizer)
        self.text_encoder_2 = build_text_encoder(tokenizer)
        self.transformer = SD3Transformer2DModel(
            sample_size=8, patch_size=2, in_channels=4, out_channels=4, num_layers=5,
            attention_head_dim=20, num_attention_heads=4, caption_projection_dim=80,
            joint_attention_dim=2 * HIDDEN_SIZE, pooled_projection_dim=2 * HIDDEN_SIZE,
            pos_embed_max_size=8, qk_norm="rms_norm",
        )  # fmt: skip

    def forward(self, sample: torch.Tensor, sigma: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        """Velocity [B, 4, 8, 8] at sample [B, 4, 8, 8], sigma [B] in [0, 1], token ids [B, 14]."""
        tokens, pooled = encode_tokens((self.text_encoder, self.text_encoder_2), ids)
        return self.transformer(
            hidden_states=sample, encoder_hidden_states=tokens, pooled_projections=pooled,
            timestep=sigma * NUM_TRAIN_TIMESTEPS, return_dict=False,
        )[0]  # fmt: skip


@dataclass(frozen=True, slots=True)
class LatentSet:
    """latents [N, 4, 8, 8] fp32; ids [N, 14] int64."""

    latents: torch.Tensor
    ids: torch.Tensor


def train_flow(plan: FlowPlan, tokenizer, data: LatentSet, generator: torch.Generator, progress) -> FlowModel:
    """The exponential average of the trained weights. `progress(done, total, text)` is called after each step."""
    model = FlowModel(tokenizer)
    average = copy.deepcopy(model).requires_grad_(False)
    empty = tokenize(tokenizer, [""])
    optimizer = torch.optim.AdamW(model.parameters(), plan.lr, weight_decay=0.01, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, plan.lr, total_steps=plan.steps, pct_start=plan.warmup_steps / plan.steps, final_div_factor=100
    )
    running = 1.0
    for step in range(plan.steps):
        rows = torch.randint(len(data.latents), (plan.batch_size,), generator=generator)
        dropped = torch.rand(plan.batch_size, 1, generator=generator) < plan.prompt_dropout
        loss = flow_matching_loss(model, data.latents[rows], torch.where(dropped, empty, data.ids[rows]), generator)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        _follow(average, model, min(plan.ema_decay, (1 + step) / (10 + step)))
        running += 0.02 * (loss.item() - running)
        progress(step + 1, plan.steps, f"loss {running:.4f}", average)
    return average.eval()


def flow_matching_loss(model: FlowModel, latents: torch.Tensor, ids: torch.Tensor, generator: torch.Generator):
    """Mean squared error of the velocity ε − x₀ at logit-normal σ (rectified flow, as SD3 is trained)."""
    noise = torch.randn(latents.shape, generator=generator)
    sigma = torch.sigmoid(torch.randn(len(latents), generator=generator))
    at = sigma[:, None, None, None]
    return (model((1 - at) * latents + at * noise, sigma, ids) - (noise - latents)).square().mean()


@torch.no_grad()
def _follow(average: FlowModel, model: FlowModel, decay: float) -> None:
    theirs = [value for value in average.parameters()]
    torch._foreach_lerp_(theirs, [value.detach() for value in model.parameters()], 1 - decay)


@torch.no_grad()
def sample_latents(model: FlowModel, ids: torch.Tensor, num_steps: int, generator: torch.Generator) -> torch.Tensor:
    """Latents [B, 4, 8, 8] drawn by Euler steps of the ODE on an even grid."""
    sample = torch.randn(len(ids), 4, 8, 8, generator=generator)
    sigmas = torch.linspace(1, 0, num_steps + 1)
    for sigma, sigma_next in zip(sigmas[:-1], sigmas[1:], strict=True):
        sample = sample + (sigma_next - sigma) * model(sample, sigma.expand(len(ids)), ids)
    return sample
