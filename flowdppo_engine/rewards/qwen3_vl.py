"""Qwen3-VL answers questions about pictures with one word, and says how likely each word is."""

from collections.abc import Sequence

import torch
from PIL import Image
from transformers import Qwen3VLForConditionalGeneration, Qwen3VLProcessor

from flowdppo_engine.config.reward_options import RewardModelOptions
from flowdppo_engine.rewards.pretrained import load_network, load_part


class StillImageProcessor(Qwen3VLProcessor):
    """The network's own processor without its part for videos, which would need torchvision."""

    def __init__(self, image_processor=None, tokenizer=None, chat_template=None, **kwargs):
        super().__init__(image_processor, tokenizer, None, chat_template=chat_template, **kwargs)


class Qwen3VL:
    """The network on its device, asked in batches."""

    def __init__(
        self,
        network: Qwen3VLForConditionalGeneration,
        processor: Qwen3VLProcessor,
        batch_size: int,
        device: torch.device,
    ):
        self._network = network.to(device)
        self._processor = processor
        self._batch_size = batch_size

    @classmethod
    def load(cls, config: RewardModelOptions, device: torch.device) -> "Qwen3VL":
        """Raises ModelNotFound."""
        network = load_network(Qwen3VLForConditionalGeneration, config)
        processor = load_part(
            lambda source, **where: StillImageProcessor.from_pretrained(source, backend="pil", **where),
            config,
            "source",
        )
        return cls(network, processor, config.batch_size, device)

    @torch.no_grad()
    def answer_probabilities(
        self, pictures: Sequence[Image.Image], texts: Sequence[str], forms: Sequence[Sequence[str]]
    ) -> torch.Tensor:
        """`[N]` fp32 on the CPU: how likely the answers to N texts, each about its picture, begin as one of its forms.

        Several forms that begin with the same token count once.
        """
        starts = [0, *range(self._batch_size, len(texts), self._batch_size)]
        batches = [slice(start, start + self._batch_size) for start in starts]
        return torch.cat([self._answer(pictures[some], texts[some], forms[some]) for some in batches])

    def _answer(
        self, pictures: Sequence[Image.Image], texts: Sequence[str], forms: Sequence[Sequence[str]]
    ) -> torch.Tensor:
        probabilities = self._next_token_probabilities(pictures, texts)
        return torch.stack(
            [row[self._first_tokens(some)].sum() for row, some in zip(probabilities, forms, strict=True)]
        )

    def _first_tokens(self, forms: Sequence[str]) -> list[int]:
        return sorted({self._processor.tokenizer.encode(form, add_special_tokens=False)[0] for form in forms})

    def _next_token_probabilities(self, pictures: Sequence[Image.Image], texts: Sequence[str]) -> torch.Tensor:
        """`[N, V]` fp32 on the CPU."""
        conversations = [
            [{"role": "user", "content": [{"type": "image", "image": picture}, {"type": "text", "text": text}]}]
            for picture, text in zip(pictures, texts, strict=True)
        ]
        # Padded on the left, so that every answer begins at the last position.
        inputs = self._processor.apply_chat_template(
            conversations,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True, "padding_side": "left"},
        ).to(self._network.device, self._network.dtype)
        logits = self._network(**inputs, use_cache=False, logits_to_keep=1).logits[:, -1]
        return logits.float().softmax(-1).cpu()
