"""What an iteration changes, saved and restored: LoRA, its averages, the optimizer's moments, the position."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from flowdppo_engine.config import DiffusionNftConfig, RunConfig
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.training.averages import Average
from flowdppo_engine.training.processes import Processes
from flowdppo_engine.training.zero2 import Zero2

POSITION_FILE = "position.json"
OPTIMIZER_FILE = "optimizer.safetensors"
EMA_FOLDER = "ema"
OLD_POLICY_FOLDER = "old_policy"


@dataclass(frozen=True)
class Position:
    """Iterations and optimizer steps done, and what else a run remembers of them in a few numbers.

    `skipped_in_a_row`: how many of the last steps in a row were skipped. `recomputes_old_policy`: whether the noise
    floor asked for it; None before the first iteration has measured it. `trust_region`: what of it adapts.
    """

    iteration: int = 0
    step: int = 0
    skipped_in_a_row: int = 0
    recomputes_old_policy: bool | None = None
    trust_region: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """Everything of a TrainState, in memory."""

    position: Position
    weights: list[torch.Tensor]
    averages: dict[str, list[torch.Tensor]]
    moments: dict[str, dict[str, torch.Tensor]]


class TrainState:
    """The changing state between two iterations. Restoring is in place, so that the optimizer stays aligned.

    Given `sharers`, the processes share out the optimizer by ZeRO-2. Then its methods are collectives, but for `save`.
    """

    def __init__(self, model: FlowModel, config: RunConfig, sharers: Processes | None = None):
        self._model = model
        self._parameters = model.trainable_parameters()
        self.position = Position()
        self._averages = {folder: Average(list(self._parameters.values())) for folder in _average_folders(config)}
        optimizer = config.optimizer
        self.optimizer = torch.optim.AdamW(
            self._parameters.values(),
            lr=optimizer.lr,
            betas=(optimizer.beta1, optimizer.beta2),
            eps=optimizer.eps,
            weight_decay=optimizer.weight_decay,
            fused=True,
        )
        self.zero2 = Zero2(self._parameters, self.optimizer, optimizer.max_grad_norm, sharers) if sharers else None
        # There from the start, so that the first step on nothing but zeros is as any other, also after a resume.
        for parameter in self._parameters.values():
            parameter.grad = torch.zeros_like(parameter)

    @property
    def ema(self) -> Average | None:
        return self._averages.get(EMA_FOLDER)

    @property
    def old_policy(self) -> Average | None:
        """DiffusionNFT's, which draws its images."""
        return self._averages.get(OLD_POLICY_FOLDER)

    def evaluated_weights(self) -> AbstractContextManager[None]:
        """Inside, the model has the weights that evaluations and samples are made with."""
        return self.ema.applied() if self.ema else nullcontext()

    def drawing_weights(self) -> AbstractContextManager[None]:
        """Inside, the model has the weights that rollouts are drawn with."""
        return self.old_policy.applied() if self.old_policy else nullcontext()

    def gathered(self) -> AbstractContextManager[None]:
        """Inside, `save` has all that it writes."""
        return self.zero2.gathered() if self.zero2 else nullcontext()

    def snapshot(self) -> Snapshot:
        with self.gathered():
            return Snapshot(
                self.position,
                [parameter.detach().clone() for parameter in self._parameters.values()],
                {folder: [w.clone() for w in average.weights] for folder, average in self._averages.items()},
                {name: {key: t.clone() for key, t in moments.items()} for name, moments in self._moments().items()},
            )

    @torch.no_grad()
    def restore(self, snapshot: Snapshot) -> None:
        self.position = snapshot.position
        torch._foreach_copy_(list(self._parameters.values()), snapshot.weights)
        for folder, weights in snapshot.averages.items():
            torch._foreach_copy_(self._averages[folder].weights, weights)
        self._set_moments(snapshot.moments)
        torch._foreach_zero_([parameter.grad for parameter in self._parameters.values()])

    def save(self, folder: Path) -> None:
        """Write into the empty `folder`: LoRA and its averages in the diffusers format, moments, position."""
        self._model.save_lora(folder)
        for name, average in self._averages.items():
            with average.applied():
                self._model.save_lora(folder / name)
        flat = {f"{name}.{key}": t for name, moments in self._moments().items() for key, t in moments.items()}
        save_file(flat, folder / OPTIMIZER_FILE)
        (folder / POSITION_FILE).write_text(json.dumps(asdict(self.position), indent=2) + "\n", encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Restore what `save` wrote; an average that was not kept then begins at the weights.

        Raises ValueError where the weights are another model's.
        """
        for name, average in self._averages.items():
            self._model.load_lora(folder / name if (folder / name).is_dir() else folder)
            average.reset()
        self._model.load_lora(folder)
        moments: dict[str, dict[str, torch.Tensor]] = {}
        for flat_name, tensor in load_file(folder / OPTIMIZER_FILE).items():
            name, key = flat_name.rsplit(".", 1)
            moments.setdefault(name, {})[key] = tensor
        self._set_moments(moments)
        self.position = Position(**json.loads((folder / POSITION_FILE).read_text(encoding="utf-8")))

    def _moments(self) -> dict[str, dict[str, torch.Tensor]]:
        """AdamW's tensors by parameter; empty before the first step."""
        if self.zero2:
            return self.zero2.moments()
        state = self.optimizer.state
        return {name: dict(state[parameter]) for name, parameter in self._parameters.items() if parameter in state}

    def _set_moments(self, moments: dict[str, dict[str, torch.Tensor]]) -> None:
        if self.zero2:
            self.zero2.restore(moments)
            return
        self.optimizer.state.clear()
        for name, tensors in moments.items():
            parameter = self._parameters[name]
            self.optimizer.state[parameter] = {key: t.to(parameter.device) for key, t in tensors.items()}


def _average_folders(config: RunConfig) -> list[str]:
    """The averages that a run keeps, by the folder of a checkpoint that they are in."""
    folders = [EMA_FOLDER] if config.ema.decay else []
    return folders + ([OLD_POLICY_FOLDER] if isinstance(config.objective, DiffusionNftConfig) else [])
