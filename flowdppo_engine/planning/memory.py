"""What a run will hold in memory, estimated from sizes alone. Bytes.

Weights, LoRA, optimizer and stored steps are exact. Activations are the usual estimate for a transformer with fused
attention: about 17 numbers a token, layer and channel, of which gradient checkpointing keeps one, and all of one layer
at a time.
"""

from dataclasses import dataclass
from enum import StrEnum

from flowdppo_engine.config import RunConfig
from flowdppo_engine.config.latents import num_latent_dims
from flowdppo_engine.planning.network import Network
from flowdppo_engine.planning.saved_model import find_saved_model

FLOAT32 = 4
BYTES = {"float32": FLOAT32, "bfloat16": 2, "float16": 2}
ACTIVATIONS_A_LAYER = 17


class When(StrEnum):
    """When it is there, and where: all but the last on the training device."""

    ALWAYS = "throughout"
    ENCODING = "while prompts are encoded"
    TRAINING = "while training"
    HOST = "in the computer's memory"
    DISK = "on disk"


@dataclass(frozen=True)
class Item:
    """`num_bytes` None: not to be known before the model is on this machine."""

    name: str
    when: When
    num_bytes: int | None


class MemoryPlan:
    """The memory of one process of `num_processes`.

    Args:
        num_prompts: prompts that the run will encode, where known.
    """

    def __init__(self, config: RunConfig, num_processes: int = 1, num_prompts: int | None = None):
        self._config = config
        self._num_processes = num_processes
        self._num_prompts = num_prompts
        self._saved = find_saved_model(config.model)
        self._network = Network(self._saved, config.model) if self._saved else None

    @property
    def is_complete(self) -> bool:
        """Whether the model is on this machine, so that its sizes are known."""
        return self._saved is not None

    @property
    def latent_dims(self) -> int:
        return self._network.latent_dims if self._network else num_latent_dims(self._config.model)

    @property
    def items(self) -> tuple[Item, ...]:
        return (*self._weights(), *self._training(), *self._drawn())

    def total(self, *when: When) -> int:
        """Bytes of everything known that is there at one of these times."""
        return sum(item.num_bytes or 0 for item in self.items if item.when in when)

    def _weights(self) -> list[Item]:
        if self._saved is None:
            return [Item("weights", When.ALWAYS, None)]
        return [
            Item(name, self._when(name), self._saved.num_parameters(name) * self._bytes_of(name))
            for name in self._saved.components
        ]

    def _when(self, component: str) -> When:
        if component.startswith("text_encoder"):
            return When.ENCODING
        idle = self._config.model.offload_idle and component != "transformer"
        return When.HOST if idle else When.ALWAYS

    def _bytes_of(self, component: str) -> int:
        """Wan's decoder stays in full precision."""
        if component == "vae" and self._config.model.family == "wan":
            return FLOAT32
        return BYTES[self._config.model.dtype]

    def _training(self) -> list[Item]:
        if self._network is None:
            return [Item("LoRA, optimizer and activations", When.TRAINING, None)]
        size = FLOAT32 * self._network.num_lora_parameters(self._config.lora)
        averages = self._num_averages
        return [
            Item("LoRA and its gradient", When.TRAINING, 2 * size),
            Item("AdamW's two moments", When.TRAINING, 2 * size),
            Item("averaged LoRA weights", When.TRAINING, averages * size),
            Item("LoRA as it was before the update", When.TRAINING, (3 + averages) * size),
            Item("activations of a tile (rough)", When.TRAINING, self._activations(self._network)),
        ]

    @property
    def _num_averages(self) -> int:
        return (self._config.ema.decay > 0) + (self._config.objective.name == "diffusion_nft")

    def _activations(self, network: Network) -> int:
        config = self._config
        guided = (config.update.guidance_scale or config.rollout.guidance_scale) != 1
        branches = 2 if guided and config.update.guidance_gradient == "both" else 1
        a_layer = network.num_tokens * network.width * BYTES[config.model.dtype]
        if config.model.gradient_checkpointing:
            kept = network.num_layers + ACTIVATIONS_A_LAYER
        else:
            kept = ACTIVATIONS_A_LAYER * network.num_layers
        return branches * self._rows_of_a_tile * a_layer * kept

    @property
    def _rows_of_a_tile(self) -> int:
        config = self._config
        slots = config.rollout.num_stochastic_steps
        if config.objective.name == "diffusion_nft":
            slots = config.objective.num_times
        rows = min(config.update.tile_samples, self._num_images)
        return rows * min(config.update.tile_steps, slots)

    @property
    def _num_images(self) -> int:
        """Images of an iteration in this process, which has whole groups."""
        rollout = self._config.rollout
        return -(-rollout.groups_per_iteration // self._num_processes) * rollout.group_size

    def _drawn(self) -> list[Item]:
        config = self._config
        # Of each trained step the sample, the one after it, both fp32, and the old policy's velocity; then the last.
        a_step = 2 * FLOAT32 + BYTES[config.model.dtype]
        numbers = config.rollout.num_stochastic_steps * a_step + FLOAT32
        stored = Item("stored rollout", When.TRAINING, self._num_images * self.latent_dims * numbers)
        if self._network is None or self._num_prompts is None:
            return [stored, Item("encoded prompts", When.DISK, None)]
        prompts = self._num_prompts * self._network.prompt_elements * BYTES[config.model.dtype]
        return [stored, Item("encoded prompts (at most)", When.DISK, prompts)]
