"""Qwen3-VL answers questions about pictures with one word, and says how likely each word is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from PIL import Image
from transformers import DynamicCache, Qwen3VLForConditionalGeneration, Qwen3VLProcessor

from flowdppo_engine.config.reward_options import RewardModelOptions
from flowdppo_engine.rewards.pretrained import load_network, load_part

Item = TypeVar("Item")


@dataclass(frozen=True)
class Inquiry:
    """What is asked of a picture, and the spellings of the right answer."""

    text: str
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Sight:
    """B pictures as the network remembers them: keys and values of `length` tokens, and the next position `[B]`."""

    cache: DynamicCache
    length: int
    next_position: torch.Tensor

    def take(self, rows: list[int]) -> DynamicCache:
        return DynamicCache([(layer.keys[rows], layer.values[rows]) for layer in self.cache.layers])


class StillImageProcessor(Qwen3VLProcessor):
    """The network's own processor without its part for videos, which would need torchvision."""

    def __init__(self, image_processor=None, tokenizer=None, chat_template=None, **kwargs):
        super().__init__(image_processor, tokenizer, None, chat_template=chat_template, **kwargs)


class Qwen3VL:
    """The network on its device, asked in batches. It looks at a picture once, however much is asked of it."""

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
        self, pictures: Sequence[Image.Image], inquiries: Sequence[Sequence[Inquiry]]
    ) -> list[torch.Tensor]:
        """How likely the answer to each inquiry of a picture begins as one of its forms.

        Args:
            pictures: B pictures of one size.
            inquiries: at least one for each picture. Forms that begin with the same token count once.

        Returns:
            For each picture `[Q]` fp32 on the CPU, Q its number of inquiries.
        """
        answers = []
        for some in _batches(list(zip(pictures, inquiries, strict=True)), self._batch_size):
            sight = self._look([picture for picture, _ in some])
            asked = [(row, inquiry) for row, (_, several) in enumerate(some) for inquiry in several]
            answers += [self._answer(sight, batch) for batch in _batches(asked, self._batch_size)]
        return list(torch.cat(answers).split([len(several) for several in inquiries]))

    def _look(self, pictures: Sequence[Image.Image]) -> Sight:
        before, _ = self._around_the_question("")
        inputs = self._processor(text=[before] * len(pictures), images=list(pictures), return_tensors="pt")
        inputs = inputs.to(self._network.device, self._network.dtype)
        position_ids, shift = self._network.model.get_rope_index(
            inputs["input_ids"], inputs["mm_token_type_ids"], inputs["image_grid_thw"]
        )
        cache, length = DynamicCache(), inputs["input_ids"].shape[1]
        self._network.model(**inputs, position_ids=position_ids, past_key_values=cache)
        return Sight(cache, length, length + shift.flatten())

    def _answer(self, sight: Sight, asked: Sequence[tuple[int, Inquiry]]) -> torch.Tensor:
        rows = [row for row, _ in asked]
        texts = [self._around_the_question(inquiry.text)[1] for _, inquiry in asked]
        tokens = self._processor.tokenizer(
            texts, add_special_tokens=False, padding=True, padding_side="right", return_tensors="pt"
        ).to(self._network.device)
        ids, mask = tokens["input_ids"], tokens["attention_mask"]
        positions = sight.next_position[rows, None] + torch.arange(ids.shape[1], device=ids.device)
        hidden = self._network.model(
            input_ids=ids,
            attention_mask=torch.cat([mask.new_ones(len(rows), sight.length), mask], dim=1),
            position_ids=positions.expand(3, -1, -1),
            past_key_values=sight.take(rows),
        ).last_hidden_state
        last = hidden[torch.arange(len(rows), device=ids.device), mask.sum(1) - 1]
        probabilities = self._network.lm_head(last).float().softmax(-1).cpu()
        return torch.stack(
            [
                row[self._first_tokens(inquiry.forms)].sum()
                for row, (_, inquiry) in zip(probabilities, asked, strict=True)
            ]
        )

    def _around_the_question(self, question: str) -> tuple[str, str]:
        """A conversation about one picture, up to the picture's end and from there on."""
        content = [{"type": "image"}, {"type": "text", "text": question}]
        text = self._processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        before, end, after = text.partition(self._processor.vision_end_token)
        return before + end, after

    def _first_tokens(self, forms: Sequence[str]) -> list[int]:
        return sorted({self._processor.tokenizer.encode(form, add_special_tokens=False)[0] for form in forms})


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
