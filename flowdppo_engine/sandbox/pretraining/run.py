"""`pretrain-sandbox`: makes the base model and writes it as a StableDiffusion3Pipeline folder with its manifest."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, StableDiffusion3Pipeline

import flowdppo_engine
from flowdppo_engine.prompts import load_prompts
from flowdppo_engine.sandbox.checker import answer_questions
from flowdppo_engine.sandbox.pretraining.autoencoder import decode_latents, encode_pictures, train_autoencoder
from flowdppo_engine.sandbox.pretraining.flow import FlowModel, LatentSet, sample_latents, train_flow
from flowdppo_engine.sandbox.pretraining.pictures import draw_captioned
from flowdppo_engine.sandbox.pretraining.plan import Plan
from flowdppo_engine.sandbox.pretraining.text import build_tokenizer, tokenize
from flowdppo_engine.sandbox.quality import picture_quality

CHUNK = 512
CHECK_EVERY = 500
NUM_CHECK_PROMPTS = 256
NUM_DENOISING_STEPS = 8
MANIFEST = "manifest.json"

logger = logging.getLogger(__name__)

Progress = Callable[[str, int, int, str], None]


def pretrain_sandbox(output: Path, plan: Plan, progress: Progress) -> dict:
    """Make the base model in `output`; return its manifest. `progress(stage, done, total, text)` is called often."""
    began = time.monotonic()
    torch.manual_seed(plan.seed)
    rng, generator = np.random.default_rng(plan.seed), torch.Generator().manual_seed(plan.seed)
    tokenizer = build_tokenizer()

    def on_autoencoder(done, total, text):
        progress("autoencoder", done, total, text)

    autoencoder = train_autoencoder(plan.autoencoder, rng, on_autoencoder)
    data = _encode_data_set(plan, tokenizer, autoencoder, rng, progress)
    checks = []

    def on_flow(done, total, text, model):
        progress("flow", done, total, text)
        if done % CHECK_EVERY == 0 or done == total:
            checks.append({"step": done} | measure(model.eval(), tokenizer, autoencoder))
            logger.info("step %d: %s", done, checks[-1])

    model = train_flow(plan.flow, tokenizer, data, generator, on_flow)
    assemble(model, tokenizer, autoencoder).save_pretrained(output, safe_serialization=True)
    manifest = {
        "made_by": f"flowdppo_engine {flowdppo_engine.__version__}, torch {torch.__version__}",
        "plan": asdict(plan),
        "minutes": round((time.monotonic() - began) / 60, 1),
        "num_threads": torch.get_num_threads(),
        "num_parameters": {
            "transformer": _count(model.transformer),
            "text_encoders": _count(model.text_encoder) + _count(model.text_encoder_2),
            "autoencoder": _count(autoencoder),
        },
        "checks": checks,
    }
    (output / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return manifest


def assemble(model: FlowModel, tokenizer, autoencoder) -> StableDiffusion3Pipeline:
    """The parts as the pipeline that diffusers loads; there is no T5."""
    return StableDiffusion3Pipeline(
        transformer=model.transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.0),
        vae=autoencoder,
        text_encoder=model.text_encoder,
        tokenizer=tokenizer,
        text_encoder_2=model.text_encoder_2,
        tokenizer_2=tokenizer,
        text_encoder_3=None,
        tokenizer_3=None,
    )


def measure(model: FlowModel, tokenizer, autoencoder) -> dict[str, float]:
    """Scores from 0 to 100 on the head of both held-out prompt sets, one picture a prompt, with fixed noise."""
    scores = {}
    for name in ("in_domain", "out_of_domain"):
        prompts = load_prompts(f"sandbox:{name}")[:NUM_CHECK_PROMPTS]
        ids = tokenize(tokenizer, [prompt.text for prompt in prompts])
        with torch.no_grad():
            latents = sample_latents(model, ids, NUM_DENOISING_STEPS, torch.Generator().manual_seed(42))
        pictures = decode_latents(autoencoder, latents)
        answers = answer_questions(pictures, prompts)
        scores[f"{name}_am"] = _percent([answer.mean() for answer in answers])
        scores[f"{name}_gm"] = _percent([np.exp(np.log(np.maximum(answer, 1e-9)).mean()) for answer in answers])
        scores[f"{name}_strict"] = _percent([(answer > 0.5).all() for answer in answers])
        scores[f"{name}_quality"] = _percent(picture_quality(pictures).numpy())
    return scores


def _encode_data_set(plan: Plan, tokenizer, autoencoder, rng, progress: Progress) -> LatentSet:
    latents, ids = [], []
    for start in range(0, plan.num_pictures, CHUNK):
        captions, pictures = draw_captioned(rng, min(CHUNK, plan.num_pictures - start), plan.wrong_counts)
        latents.append(encode_pictures(autoencoder, pictures))
        ids.append(tokenize(tokenizer, captions))
        progress("pictures", start + len(captions), plan.num_pictures, "")
    return LatentSet(torch.cat(latents), torch.cat(ids))


def _percent(values) -> float:
    return round(100 * float(np.mean(values)), 2)


def _count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
