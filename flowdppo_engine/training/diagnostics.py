"""What the updates of one iteration looked like, collected without waiting for the device until the end."""

import math
from dataclasses import dataclass, field

import torch

from flowdppo_engine.policy.movement import Movement
from flowdppo_engine.policy.trust_regions import TrustRegionOutput
from flowdppo_engine.training.batch import UpdateBatch
from flowdppo_engine.training.movement_metrics import MovedTiles, movement_metrics
from flowdppo_engine.training.parts import Tile
from flowdppo_engine.training.processes import Processes


@dataclass(frozen=True)
class _Seen:
    """One tile that went through the trust region, without the graph of its loss: it is kept to the end."""

    part: int
    tile: Tile
    movement: Movement
    advantages: torch.Tensor
    trust_region: dict[str, torch.Tensor]


@dataclass
class UpdateDiagnostics:
    """Collects tiles and optimizer steps, and sums them up as the metrics of an iteration."""

    batch: UpdateBatch
    dynamics: str
    processes: Processes = Processes()
    learning_rate: float = 0.0
    _tiles: list[_Seen] = field(default_factory=list)
    _losses: list[torch.Tensor] = field(default_factory=list)
    _values: dict[str, list[torch.Tensor]] = field(default_factory=dict)
    _grad_norms: list[float] = field(default_factory=list)

    def add_tile(self, tile: Tile, movement: Movement, advantages: torch.Tensor, output: TrustRegionOutput) -> None:
        part = len(self._grad_norms)
        self._tiles.append(_Seen(part, tile, movement.detach(), advantages, output.metrics))

    def add_loss(self, loss: torch.Tensor) -> None:
        """A tile's share of its part's mean loss, 0-d, detached."""
        self._losses.append(loss)

    def add_values(self, values: dict[str, torch.Tensor]) -> None:
        """Numbers `[B]` of a tile whose mean over the iteration is a metric, by the metric's name; detached."""
        for name, tensor in values.items():
            self._values.setdefault(name, []).append(tensor)

    def add_step(self, grad_norm: float) -> None:
        """The end of a part: its optimizer step, or that it was skipped where the norm is not finite."""
        self._grad_norms.append(grad_norm)

    def summary(self) -> dict[str, float]:
        """Metrics by name, over all processes. Rows without an advantage never became tiles and are not in them."""
        finite = [norm for norm in self._grad_norms if math.isfinite(norm)]
        losses = self.processes.gather(float(torch.stack(self._losses).sum()) if self._losses else 0.0)
        values = {
            "loss/policy": sum(losses) / len(self._grad_norms),
            "optim/skipped_steps": float(len(self._grad_norms) - len(finite)),
            "optim/lr": self.learning_rate,
        }
        if finite:
            values["optim/grad_norm"] = sum(finite) / len(finite)
        tiles = [part for part in self.processes.gather(self._moved_tiles()) if part is not None]
        if tiles:
            values |= movement_metrics(MovedTiles.cat(tiles), self.dynamics)
        return values | self._mean_values()

    def last_kl_mean(self) -> float | None:
        """Mean KL to the old policy over the tiles of the last optimizer step; None where it had none."""
        last = [seen.movement.kl for seen in self._tiles if seen.part == len(self._grad_norms) - 1]
        sums = self.processes.gather(
            (float(torch.cat(last).double().sum()), sum(map(len, last))) if last else (0.0, 0)
        )
        total, count = map(sum, zip(*sums, strict=True))
        return total / count if count else None

    def _mean_values(self) -> dict[str, float]:
        own = {
            name: (float(torch.cat(parts).double().sum()), sum(map(len, parts)))
            for name, parts in self._values.items()
        }
        everywhere = self.processes.gather(own)
        metrics = {}
        for name in dict.fromkeys(name for sums in everywhere for name in sums):
            total, count = map(sum, zip(*(sums[name] for sums in everywhere if name in sums), strict=True))
            metrics[name] = total / count
        return metrics

    def _moved_tiles(self) -> MovedTiles | None:
        """Everything that this process's tiles told, as one table on the CPU."""
        if not self._tiles:
            return None
        rows = torch.cat([seen.tile.rows.repeat(len(seen.tile.slots)) for seen in self._tiles])
        slots = torch.cat(
            [torch.tensor(seen.tile.slots).repeat_interleave(len(seen.tile.rows)) for seen in self._tiles]
        )
        return MovedTiles(
            part=torch.cat([torch.full((len(seen.tile),), seen.part) for seen in self._tiles]),
            row=rows + self.batch.first_row,
            slot=slots,
            movement=Movement.cat([seen.movement for seen in self._tiles]).cpu(),
            advantages=torch.cat([seen.advantages for seen in self._tiles]).cpu(),
            rewards=self.batch.rewards[rows],
            trust_region={
                name: torch.cat([seen.trust_region[name].expand(len(seen.tile)) for seen in self._tiles]).cpu()
                for name in self._tiles[0].trust_region
            },
        )
