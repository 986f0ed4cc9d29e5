"""Steps of ZeRO-2 in two processes beside those of one whole AdamW on the summed gradient."""

import json
import math
from pathlib import Path

import torch
import torch.distributed as dist

from flowdppo_engine.training.joining import join
from flowdppo_engine.training.stopping import StopRequest
from flowdppo_engine.training.zero2 import Zero2

SHAPES = ((7, 3), (3, 11), (1, 5))
MAX_GRAD_NORM = 0.5


def make_parameters() -> dict[str, torch.nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return {str(i): torch.nn.Parameter(torch.randn(shape, generator=generator)) for i, shape in enumerate(SHAPES)}


def make_adamw(parameters) -> torch.optim.AdamW:
    return torch.optim.AdamW(parameters.values(), lr=1e-2, weight_decay=0.1, fused=True)


class Whole:
    """The reference: AdamW on the sum of all processes' gradients, clipped by torch."""

    def __init__(self):
        self.parameters = make_parameters()
        self.optimizer = make_adamw(self.parameters)

    def step(self, gradients) -> float:
        for parameter, gradient in zip(self.parameters.values(), gradients, strict=True):
            parameter.grad = gradient.clone()
            dist.all_reduce(parameter.grad)
        norm = float(torch.nn.utils.clip_grad_norm_(self.parameters.values(), MAX_GRAD_NORM))
        if math.isfinite(norm):
            self.optimizer.step()
        return norm


class Shared:
    def __init__(self, processes):
        self.parameters = make_parameters()
        self.optimizer = make_adamw(self.parameters)
        self.zero2 = Zero2(self.parameters, self.optimizer, MAX_GRAD_NORM, processes)

    def step(self, gradients) -> float:
        for parameter, gradient in zip(self.parameters.values(), gradients, strict=True):
            parameter.grad = gradient.clone()
        return self.zero2.step()

    def moments(self):
        with self.zero2.gathered():
            return self.zero2.moments()

    def numel_of_moments(self) -> int:
        return max(t.numel() for state in self.optimizer.state.values() for t in state.values())


def compare(folder: Path, stop: StopRequest) -> int:
    """Leaves `RANK.json` in `folder`: the norms of both, and how far they are apart at the largest."""
    processes = join().processes
    whole, shared = Whole(), Shared(processes)
    told = {"before": len(shared.moments()), "norms": [], "apart": [], "moments_apart": []}

    def step(seed: int, spoilt: float = 1.0) -> None:
        generator = torch.Generator().manual_seed(100 * seed + processes.rank)
        gradients = [torch.randn(shape, generator=generator) for shape in SHAPES]
        if processes.rank == 1:
            gradients[1][0, 0] *= spoilt
        for group in (*whole.optimizer.param_groups, *shared.optimizer.param_groups):
            group["lr"] = 1e-2 / seed
        told["norms"].append([float(whole.step(gradients)), shared.step(gradients)])
        told["apart"].append(furthest(whole.parameters, shared.parameters))

    def note_moments() -> None:
        for name, moments in shared.moments().items():
            expected = whole.optimizer.state[whole.parameters[name]]
            told["moments_apart"].append(furthest(expected, moments))

    step(1)
    step(2, spoilt=math.inf)
    step(3, spoilt=math.nan)
    step(4)
    note_moments()
    kept, weights = shared.moments(), [p.detach().clone() for p in shared.parameters.values()]
    step_back = Shared(processes)
    step_back.step([torch.ones(shape) for shape in SHAPES])
    for fresh in (shared, step_back):
        fresh.step([torch.ones(shape) for shape in SHAPES])
        with torch.no_grad():
            torch._foreach_copy_(list(fresh.parameters.values()), weights)
        fresh.zero2.restore(kept)
    shared = step_back
    step(5)
    note_moments()
    told["shares"] = shared.numel_of_moments()
    shared.zero2.restore({})
    told["forgotten"] = len(shared.moments())
    folder.mkdir(exist_ok=True)
    (folder / f"{processes.rank}.json").write_text(json.dumps(told), encoding="utf-8")
    return 0


def furthest(one, other) -> float:
    assert one.keys() == other.keys()
    return max(float((one[name].detach() - other[name].detach()).abs().max()) for name in one)
