"""What a saved network is like inside, as far as memory goes: tokens, width, depth, and where its LoRA goes."""

import math
import re
from dataclasses import dataclass
from functools import cached_property

from flowdppo_engine.config import LoraConfig, ModelConfig
from flowdppo_engine.config.latents import PUBLISHED, LatentLayout
from flowdppo_engine.planning.saved_model import SavedModel

_JOINT = tuple(
    f"attn.{name}"
    for name in ("to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")
)
# A single-stream block of FLUX.2 has no list behind its `to_out`, so no other layer ends in that name.
_FLUX2 = (*_JOINT, "attn.to_qkv_mlp_proj", "attn.to_out")
LORA_TARGETS = {
    "sd3": _JOINT,
    "flux1": _JOINT,
    "flux2": _FLUX2,
    "flux2_klein": _FLUX2,
    "qwen_image": _JOINT,
    "z_image": tuple(f"attention.{name}" for name in ("to_q", "to_k", "to_v", "to_out.0")),
    "wan": ("to_q", "to_k", "to_v", "to_out.0"),
}
# Families whose latents are packed before the network sees them, so that its channels are those of a token.
PACKED = ("flux1", "flux2", "flux2_klein", "qwen_image")


@dataclass(frozen=True)
class Network:
    """The transformer of a saved model that is run as `config` says."""

    saved: SavedModel
    config: ModelConfig

    @cached_property
    def _own(self) -> dict:
        return self.saved.config("transformer")

    @cached_property
    def latent_dims(self) -> int:
        """Elements of one latent."""
        return self._layout.num_dims(self.config)

    @property
    def _layout(self) -> LatentLayout:
        vae = self.saved.config("vae")
        num_channels = vae.get("latent_channels") or vae["z_dim"]
        if "temperal_downsample" in vae:  # Diffusers spells it so.
            halvings = vae["temperal_downsample"]
            frames = 2 ** sum(halvings) if self.config.family == "wan" else 1
            return LatentLayout(num_channels, 2 ** len(halvings), frames)
        known = PUBLISHED[self.config.family]
        return LatentLayout(num_channels, 2 ** (len(vae["block_out_channels"]) - 1), known.frames)

    @property
    def num_tokens(self) -> int:
        """Tokens of an image and its prompt together, at most."""
        return self._num_image_tokens + self._num_prompt_tokens

    @property
    def _num_prompt_tokens(self) -> int:
        """SD3 puts the windows of CLIP and T5 behind one another."""
        own = self.config.max_sequence_length
        clip = self.config.family == "sd3" and self.saved.config("text_encoder")["max_position_embeddings"]
        return own + clip

    @property
    def _num_image_tokens(self) -> int:
        channels = self._own["in_channels"]
        if self.config.family in PACKED:
            return math.ceil(self.latent_dims / channels)
        patch = self._own.get("patch_size") or self._own["all_patch_size"][0]
        area = math.prod(patch) if isinstance(patch, list) else patch**2
        return math.ceil(self.latent_dims / (channels * area))

    @property
    def width(self) -> int:
        own = self._own
        return own["dim"] if "dim" in own else own["num_attention_heads"] * own["attention_head_dim"]

    @property
    def num_layers(self) -> int:
        own = self._own
        if "n_layers" in own:
            return own["n_layers"] + 2 * own["n_refiner_layers"]
        return own["num_layers"] + own.get("num_single_layers", 0)

    @property
    def prompt_elements(self) -> int:
        """Elements of an encoded prompt, at most."""
        own = self._own
        width = next(own[key] for key in ("joint_attention_dim", "text_dim", "cap_feat_dim") if key in own)
        return self._num_prompt_tokens * width + own.get("pooled_projection_dim", 0)

    def num_lora_parameters(self, lora: LoraConfig) -> int:
        """A LoRA of rank r on a layer of m inputs and n outputs has r (m + n) parameters."""
        targets = lora.target_modules or LORA_TARGETS[self.config.family]
        pattern = re.compile(rf"(?:^|.*\.)(?:{'|'.join(map(re.escape, targets))})\.weight")
        shapes = self.saved.components["transformer"]
        return sum(lora.rank * sum(shape) for name, shape in shapes.items() if pattern.fullmatch(name))
