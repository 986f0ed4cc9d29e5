"""The passes through the network that an iteration makes, to make the very same ones by hand."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer

from flowdppo_engine.models.lora import lora_disabled
from tests.benchmarks.engine.clock import Timer


@dataclass
class Pass:
    """One call of the network.

    `gradients` are those of its outputs, in the order of the outputs, where a backward pass followed; else empty.
    """

    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    with_gradient: bool
    with_lora: bool
    gradients: dict[int, torch.Tensor] = field(default_factory=dict)

    @property
    def num_rows(self) -> int:
        """Images that went through."""
        return len(self.keywords["hidden_states"] if "hidden_states" in self.keywords else self.arguments[0])

    def repeat(self, network: torch.nn.Module) -> None:
        """The same call, and the same backward pass where there was one."""
        with torch.set_grad_enabled(self.with_gradient):
            outputs = _tensors(network(*self.arguments, **self.keywords))
        if self.gradients:
            torch.autograd.backward([outputs[place] for place in self.gradients], list(self.gradients.values()))


@dataclass(frozen=True)
class Counts:
    """Images that went forward without a gradient, forward with one, and backward."""

    forwards: int
    trained: int
    backwards: int

    @classmethod
    def of(cls, passes: Iterable[Pass]) -> "Counts":
        passes = list(passes)
        return cls(
            sum(one.num_rows for one in passes if not one.with_gradient),
            sum(one.num_rows for one in passes if one.with_gradient),
            sum(one.num_rows for one in passes if one.gradients),
        )

    @property
    def units(self) -> int:
        """In forward passes: with a LoRA the backward pass costs about as much as the forward pass."""
        return self.forwards + self.trained + self.backwards


class PassRecorder:
    """Keeps every pass through `network` that is made inside the with block."""

    def __init__(self, network: torch.nn.Module):
        self._network = network
        self._lora_layer = next(module for module in network.modules() if isinstance(module, BaseTunerLayer))
        self.passes: list[Pass] = []

    def __enter__(self) -> "PassRecorder":
        self.passes = []
        self._hooks = (
            self._network.register_forward_pre_hook(self._called, with_kwargs=True),
            self._network.register_forward_hook(self._returned),
        )
        return self

    def __exit__(self, *_) -> None:
        for hook in self._hooks:
            hook.remove()

    def _called(self, module: torch.nn.Module, arguments: tuple, keywords: dict) -> None:
        with_lora = not self._lora_layer.disable_adapters
        self.passes.append(Pass(arguments, keywords, torch.is_grad_enabled(), with_lora))

    def _returned(self, module: torch.nn.Module, arguments: tuple, output: Any) -> None:
        gradients = self.passes[-1].gradients
        for place, tensor in enumerate(_tensors(output)):
            if tensor.requires_grad:
                tensor.register_hook(lambda gradient, place=place: gradients.__setitem__(place, gradient))


def bare_seconds(network: torch.nn.Module, passes: list[Pass], clock: Callable[[], float]) -> float:
    """What the passes take when nothing but them is done. Gradients that were there are gone."""
    timer = Timer(clock)
    with timer:
        for one in passes:
            if one.with_lora:
                one.repeat(network)
    with lora_disabled(network), timer:
        for one in passes:
            if not one.with_lora:
                one.repeat(network)
    for parameter in network.parameters():
        if parameter.grad is not None:
            parameter.grad.zero_()
    return timer.seconds


def _tensors(output: Any) -> list[torch.Tensor]:
    """The tensors that a network gives, which some families wrap in lists."""
    if isinstance(output, torch.Tensor):
        return [output]
    return [tensor for part in output for tensor in _tensors(part)]
