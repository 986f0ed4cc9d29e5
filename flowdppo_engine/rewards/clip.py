"""CLIP and the networks that were trained from it: embeddings of pictures and prompts, and how well they agree."""

from collections.abc import Sequence

import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoTokenizer, CLIPModel, PreTrainedTokenizerBase
from transformers.image_processing_utils import BaseImageProcessor

from flowdppo_engine.config.reward_options import RewardModelOptions
from flowdppo_engine.rewards.pretrained import load_network, load_part


class Clip:
    """A CLIP with its own preprocessing. Embeddings have length 1, in fp32 on the CPU."""

    def __init__(
        self,
        network: CLIPModel,
        image_processor: BaseImageProcessor,
        tokenizer: PreTrainedTokenizerBase,
        batch_size: int,
        device: torch.device,
    ):
        self._network = network.to(device)
        self._image_processor = image_processor
        self._tokenizer = tokenizer
        self._batch_size = batch_size

    @classmethod
    def load(
        cls, config: RewardModelOptions, device: torch.device, network_field: str, processor_field: str
    ) -> "Clip":
        """The network that one field of `config` names, with the preprocessing of another. Raises ModelNotFound."""
        return cls.of(load_network(CLIPModel, config, network_field), config, device, processor_field)

    @classmethod
    def of(cls, network: CLIPModel, config: RewardModelOptions, device: torch.device, processor_field: str) -> "Clip":
        # Pillow resizes as CLIP's own code does; torchvision, where it is installed, differs in the last digits.
        image_processor = load_part(
            lambda source, **where: AutoImageProcessor.from_pretrained(source, backend="pil", **where),
            config,
            processor_field,
        )
        tokenizer = load_part(AutoTokenizer.from_pretrained, config, processor_field)
        return cls(network, image_processor, tokenizer, config.batch_size, device)

    @property
    def logit_scale(self) -> float:
        """What CLIP multiplies a cosine by."""
        return self._network.logit_scale.float().exp().item()

    @torch.no_grad()
    def embed_pictures(self, pictures: Sequence[Image.Image]) -> torch.Tensor:
        """`[B, D]` of B pictures."""
        batches = [pictures[i : i + self._batch_size] for i in range(0, len(pictures), self._batch_size)]
        return torch.cat([self._embed_picture_batch(batch) for batch in batches])

    @torch.no_grad()
    def embed_prompts(self, prompts: Sequence[str]) -> torch.Tensor:
        """`[B, D]` of B prompts, cut where CLIP's window ends; each different one is encoded once."""
        rows = {prompt: row for row, prompt in enumerate(dict.fromkeys(prompts))}
        unique = list(rows)
        batches = [unique[i : i + self._batch_size] for i in range(0, len(unique), self._batch_size)]
        return torch.cat([self._embed_prompt_batch(batch) for batch in batches])[[rows[prompt] for prompt in prompts]]

    def cosine(self, pictures: Sequence[Image.Image], prompts: Sequence[str]) -> torch.Tensor:
        """`[B]`: of each picture with its prompt."""
        return (self.embed_pictures(pictures) * self.embed_prompts(prompts)).sum(-1)

    def _embed_picture_batch(self, pictures: Sequence[Image.Image]) -> torch.Tensor:
        pixels = self._image_processor(list(pictures), return_tensors="pt")["pixel_values"]
        features = self._network.get_image_features(pixels.to(self._network.device, self._network.dtype))
        return _of_length_one(features.pooler_output)

    def _embed_prompt_batch(self, prompts: Sequence[str]) -> torch.Tensor:
        window = self._network.config.text_config.max_position_embeddings
        tokens = self._tokenizer(list(prompts), padding=True, truncation=True, max_length=window, return_tensors="pt")
        features = self._network.get_text_features(
            input_ids=tokens["input_ids"].to(self._network.device),
            attention_mask=tokens["attention_mask"].to(self._network.device),
        )
        return _of_length_one(features.pooler_output)


def _of_length_one(features: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(features.float(), dim=-1).cpu()
