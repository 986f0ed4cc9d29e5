"""DeepSpeed ZeRO-2: each process keeps AdamW's moments of its share of the LoRA, and receives that share's gradients.

Gradients are accumulated in the LoRA itself, as without it: DeepSpeed would exchange them at each backward pass, and
processes need not make as many. It gets them once an optimizer step. So its engine holds parameters of its own, which
lie where the LoRA's do.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec

import torch
from accelerate.utils import DeepSpeedPlugin, parse_flag_from_env

from flowdppo_engine.errors import BadConfig
from flowdppo_engine.training.processes import Processes, exchange

Moments = dict[str, dict[str, torch.Tensor]]


def is_asked_for() -> bool:
    """Whether accelerate's configuration asks for ZeRO-2. Raises BadConfig for what else of DeepSpeed it asks for."""
    if not parse_flag_from_env("ACCELERATE_USE_DEEPSPEED"):
        return False
    if os.environ.get("ACCELERATE_DEEPSPEED_CONFIG_FILE", "none") != "none":
        raise BadConfig("deepspeed_config_file in accelerate's configuration: leave it out, and give zero_stage: 2.")
    plugin = DeepSpeedPlugin()
    if plugin.zero_stage != 2:
        raise BadConfig(
            f"zero_stage = {plugin.zero_stage} in accelerate's configuration: give 2. What shares out the frozen "
            "network is FSDP2 (docs/launching.md)."
        )
    for name in ("offload_optimizer_device", "offload_param_device"):
        if getattr(plugin, name) not in (None, "none"):
            raise BadConfig(f"{name} = {getattr(plugin, name)!r} in accelerate's configuration: give 'none'.")
    if find_spec("deepspeed") is None:
        raise BadConfig(
            "This run was started under DeepSpeed, which is not installed: docs/launching.md says how, since it must "
            "not bring its own dependencies."
        )
    return True


class Held(torch.nn.Module):
    """What DeepSpeed takes for the model: parameters whose gradient is whatever it is given."""

    def __init__(self, parameters: Mapping[str, torch.nn.Parameter]):
        super().__init__()
        self.held = torch.nn.ParameterList(torch.nn.Parameter(p.detach().clone()) for p in parameters.values())

    def forward(self, gradients: list[torch.Tensor]) -> torch.Tensor:
        """0-d, with `gradients` as its gradient."""
        return torch.stack([(p * g).sum() for p, g in zip(self.held, gradients, strict=True)]).sum()


class Zero2:
    """Shares out `optimizer`, an AdamW of the named fp32 `parameters`. All methods but `moments` are collectives."""

    def __init__(
        self,
        parameters: Mapping[str, torch.nn.Parameter],
        optimizer: torch.optim.AdamW,
        max_grad_norm: float,
        processes: Processes,
    ):
        self._parameters = dict(parameters)
        self._processes = processes
        self._held = Held(parameters)
        self._gathered: Moments | None = None
        optimizer.param_groups[0]["params"] = list(self._held.parameters())
        self._engine = exchange(lambda: _make_engine(self._held, optimizer, max_grad_norm))
        self._optimizer = self._engine.optimizer
        self._let_lora_lie_there()

    def step(self) -> float:
        """A step on the sum of all processes' `grad`, none where that is not finite; returns its unclipped norm."""
        # DeepSpeed makes a mean over the processes of it.
        gradients = [parameter.grad * self._processes.count for parameter in self._parameters.values()]

        def go() -> None:
            self._engine.backward(self._engine(gradients))
            self._engine.step()

        exchange(go)
        self._let_lora_lie_there()
        return float(self._engine.get_global_grad_norm())

    @torch.no_grad()
    def restore(self, moments: Moments) -> None:
        """Go on from the LoRA's weights as they are now, and from `moments`; both the same in every process."""
        for held, parameter in zip(self._held.held, self._parameters.values(), strict=True):
            held.copy_(parameter)
        self._let_lora_lie_there()
        self._optimizer.refresh_fp32_params()
        self._set_moments(moments)

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Inside, `moments` are at hand, in every process."""
        self._gathered = self._gather()
        try:
            yield
        finally:
            self._gathered = None

    def moments(self) -> Moments:
        """AdamW's tensors by parameter, as without ZeRO; empty before the first step. Inside `gathered` only."""
        return self._gathered

    def _set_moments(self, moments: Moments) -> None:
        state, share = self._optimizer.optimizer.state, self._share
        state.clear()
        if not moments:
            return
        first = next(iter(moments.values()))
        state[share] = {"step": first["step"].to(share.device).clone()}
        for key in first.keys() - {"step"}:
            flat = torch.zeros_like(self._flat)
            for name, place in self._places(flat):
                place.copy_(moments[name][key])
            state[share][key] = self._own(flat).clone()

    @property
    def _flat(self) -> torch.Tensor:
        """The weights one after the other, each process's share as long as another's."""
        return self._optimizer.bit16_groups_flat[0]

    @property
    def _share(self) -> torch.Tensor:
        """This process's part of the weights, for which AdamW has its moments."""
        return self._optimizer.single_partition_of_fp32_groups[0]

    def _own(self, flat: torch.Tensor) -> torch.Tensor:
        return flat.view(self._processes.count, -1)[self._processes.rank]

    def _places(self, flat: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
        """Where in `flat` each parameter's numbers are, in its shape."""
        start = self._flat.storage_offset()
        for name, held in zip(self._parameters, self._held.held, strict=True):
            yield name, flat.narrow(0, held.storage_offset() - start, held.numel()).view_as(held)

    def _gather(self) -> Moments:
        own = self._optimizer.optimizer.state.get(self._share)
        if not own:
            return {}
        moments: Moments = {name: {"step": own["step"].clone()} for name in self._parameters}
        for key in sorted(own.keys() - {"step"}):
            flat = torch.zeros_like(self._flat)
            self._own(flat).copy_(own[key])
            self._processes.add_up([flat])
            for name, place in self._places(flat):
                moments[name][key] = place.clone()
        return moments

    def _let_lora_lie_there(self) -> None:
        for held, parameter in zip(self._held.held, self._parameters.values(), strict=True):
            parameter.data = held.data


def _make_engine(held: Held, optimizer: torch.optim.AdamW, max_grad_norm: float):
    import deepspeed

    logging.getLogger("DeepSpeed").setLevel(logging.WARNING)
    # On a machine without a GPU it would first compile, for minutes, a sum that nothing here asks for.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    # Its own buffer is for networks of billions of parameters.
    size = sum(parameter.numel() for parameter in held.parameters())
    config = {
        "train_micro_batch_size_per_gpu": 1,
        "gradient_clipping": max_grad_norm,
        "steps_per_print": float("inf"),
        "zero_optimization": {"stage": 2, "reduce_bucket_size": size},
    }
    engine, *_ = deepspeed.initialize(model=held, optimizer=optimizer, config=config, dist_init_required=False)
    return engine
