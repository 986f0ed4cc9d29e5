"""A model that stays loaded, with its LoRAs and the prompts that it read last."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.evaluation.pictures import initial_noise
from flowdppo_engine.models.conditions import ConditionStore
from flowdppo_engine.models.pipeline_model import PipelineModel
from flowdppo_engine.playground.adapters import Adapters
from flowdppo_engine.playground.messages import Painter
from flowdppo_engine.training.grids import Grids
from flowdppo_engine.training.rollout import walk

MAX_PROMPTS = 32


class Easel:
    """Draws as the evaluations of a run do: the same noise, sigma grid and ODE, and so the same picture."""

    def __init__(self, model: PipelineModel):
        self.model = model
        self._adapters = Adapters(model)
        self._prompts: OrderedDict[str, ConditionStore] = OrderedDict()

    @property
    def num_bytes(self) -> int:
        """Of the model's weights, LoRAs among them."""
        parts = [part for part in self.model.pipeline.components.values() if isinstance(part, torch.nn.Module)]
        return sum(weight.nbytes for part in parts for weight in (*part.parameters(), *part.buffers()))

    def draw(
        self,
        painter: Painter,
        prompt: str,
        seed: int,
        num_steps: int,
        guidance_scale: float,
        on_step: Callable[[int], None] = lambda step: None,
    ) -> torch.Tensor:
        """A picture as the model decodes it, `[3, H, W]` or of a video `[F, 3, H, W]`.

        `on_step` is called before each denoising step with its number, and may raise to stop.
        """
        model = self.model
        self._adapters.use(painter.config.lora, painter.adapter)
        denoising = Grids(_evaluating(painter.config, num_steps, guidance_scale), model).evaluation()
        sample = initial_noise(model, seed).to(model.device)
        condition = self._encoded(prompt).get([prompt], model.device)
        steps = iter(range(denoising.num_steps))
        latents, _ = walk(
            model, denoising, sample, condition, range(denoising.num_steps), check=lambda: on_step(next(steps))
        )
        return model.decode(latents)[0]

    def _encoded(self, prompt: str) -> ConditionStore:
        if prompt not in self._prompts:
            with TemporaryDirectory() as folder:
                self._prompts[prompt] = ConditionStore.encode(self.model.encode_prompts, [prompt], Path(folder))
        self._prompts.move_to_end(prompt)
        if len(self._prompts) > MAX_PROMPTS:
            self._prompts.popitem(last=False)
        return self._prompts[prompt]


def _evaluating(config: RunConfig, num_steps: int, guidance_scale: float) -> RunConfig:
    evaluation = config.evaluation.model_copy(
        update={"num_denoising_steps": num_steps, "guidance_scale": guidance_scale}
    )
    return config.model_copy(update={"evaluation": evaluation})
