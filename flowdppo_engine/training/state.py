"""What an iteration changes, saved and restored: LoRA, its average, the optimizer's moments, the position."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from flowdppo_engine.config import OptimizerConfig
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.training.ema import Ema

POSITION_FILE = "position.json"
OPTIMIZER_FILE = "optimizer.safetensors"
EMA_FOLDER = "ema"


@dataclass(frozen=True)
class Position:
    """Iterations and optimizer steps done, and how many of the last steps in a row were skipped."""

    iteration: int = 0
    step: int = 0
    skipped_in_a_row: int = 0


@dataclass(frozen=True)
class Snapshot:
    """Everything of a TrainState, in memory."""

    position: Position
    weights: list[torch.Tensor]
    average: list[torch.Tensor]
    moments: dict[str, dict[str, torch.Tensor]]


class TrainState:
    """The changing state between two iterations. Restoring is in place, so that the optimizer stays aligned."""

    def __init__(self, model: FlowModel, config: OptimizerConfig, ema_decay: float):
        self._model = model
        self._parameters = model.trainable_parameters()
        self.position = Position()
        self.ema = Ema(list(self._parameters.values()), ema_decay)
        self.optimizer = torch.optim.AdamW(
            self._parameters.values(),
            lr=config.lr,
            betas=(config.beta1, config.beta2),
            eps=config.eps,
            weight_decay=config.weight_decay,
            fused=True,
        )
        # There from the start, so that the first step on nothing but zeros is as any other, also after a resume.
        for parameter in self._parameters.values():
            parameter.grad = torch.zeros_like(parameter)

    def snapshot(self) -> Snapshot:
        return Snapshot(
            self.position,
            [parameter.detach().clone() for parameter in self._parameters.values()],
            [average.clone() for average in self.ema.average],
            {name: {key: t.clone() for key, t in moments.items()} for name, moments in self._moments().items()},
        )

    @torch.no_grad()
    def restore(self, snapshot: Snapshot) -> None:
        self.position = snapshot.position
        torch._foreach_copy_(list(self._parameters.values()), snapshot.weights)
        torch._foreach_copy_(self.ema.average, snapshot.average)
        self._set_moments(snapshot.moments)
        self.optimizer.zero_grad(set_to_none=False)

    def save(self, folder: Path) -> None:
        """Write into the empty `folder`: LoRA and its average in the diffusers format, moments, position."""
        self._model.save_lora(folder)
        if self.ema.decay:
            with self.ema.applied():
                self._model.save_lora(folder / EMA_FOLDER)
        flat = {f"{name}.{key}": t for name, moments in self._moments().items() for key, t in moments.items()}
        save_file(flat, folder / OPTIMIZER_FILE)
        (folder / POSITION_FILE).write_text(json.dumps(asdict(self.position), indent=2) + "\n", encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Restore what `save` wrote. Raises ValueError where the weights are another model's."""
        if self.ema.decay:
            self._model.load_lora(folder / EMA_FOLDER)
            self.ema.reset()
        self._model.load_lora(folder)
        moments: dict[str, dict[str, torch.Tensor]] = {}
        for flat_name, tensor in load_file(folder / OPTIMIZER_FILE).items():
            name, key = flat_name.rsplit(".", 1)
            moments.setdefault(name, {})[key] = tensor
        self._set_moments(moments)
        self.position = Position(**json.loads((folder / POSITION_FILE).read_text(encoding="utf-8")))

    def _moments(self) -> dict[str, dict[str, torch.Tensor]]:
        """AdamW's tensors by parameter; empty before the first step."""
        state = self.optimizer.state
        return {name: dict(state[parameter]) for name, parameter in self._parameters.items() if parameter in state}

    def _set_moments(self, moments: dict[str, dict[str, torch.Tensor]]) -> None:
        self.optimizer.state.clear()
        for name, tensors in moments.items():
            parameter = self._parameters[name]
            self.optimizer.state[parameter] = {key: t.to(parameter.device) for key, t in tensors.items()}
