"""All rewards of a run together: each scores every batch, at once or while the next batch is drawn."""

import copy
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from dataclasses import dataclass
from functools import partial

import torch

from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.background import BackgroundThread
from flowdppo_engine.rewards.base import Reward
from flowdppo_engine.rewards.measuring import Measured, measure_checked
from flowdppo_engine.rewards.scored import Scored

# How long a stop request can go unseen while scores are waited for.
SECONDS_BETWEEN_CHECKS = 0.1


@dataclass(frozen=True)
class Pending:
    """A batch that was handed in: by reward, in the run's order, what it measured or will have."""

    futures: Mapping[str, "Future[Measured]"]


class RewardSuite:
    """Rewards and their weights in the sum; a reward of weight 0 is scored and logged all the same.

    Those named in `overlapping` work in a thread each, on one batch after the other. Those named in `asking` ask the
    questions of each prompt.
    """

    def __init__(
        self, weighted: Mapping[Reward, float], overlapping: Collection[str] = (), asking: Collection[str] = ()
    ):
        self._rewards = tuple(weighted)
        self._asking = frozenset(asking)
        self.weights = {reward.name: weight for reward, weight in weighted.items()}
        self.higher_is_better = {reward.name: reward.higher_is_better for reward in weighted}
        self._threads = {name: BackgroundThread(f"reward {name}") for name in overlapping}
        self._under_way: list[Future[Measured]] = []

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(reward.name for reward in self._rewards)

    def applying_to(self, prompts: Sequence[Prompt]) -> "RewardSuite":
        """The rewards that can judge an evaluation's prompts: without a question among them, those that ask are out.

        Where only some prompts have questions nothing is left out, and what asks them fails.
        """
        if not self._asking or any(prompt.questions for prompt in prompts):
            return self
        # The same rewards in the same threads, so that none is called twice at a time.
        others = copy.copy(self)
        others._rewards = tuple(reward for reward in self._rewards if reward.name not in self._asking)
        others._threads = {name: thread for name, thread in self._threads.items() if name not in self._asking}
        others._under_way = []
        return others

    def measure(
        self, images: torch.Tensor, prompts: Sequence[Prompt], check: Callable[[], None] = lambda: None
    ) -> Scored:
        """`submit` and `collect` in one."""
        return self.collect(self.submit(images, prompts), check)

    def submit(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Pending:
        """Hand in images `[B, 3, H, W]` or videos `[B, F, 3, H, W]` (fp32, 0..1, CPU), which must not change any more.

        Rewards without a thread score them now, while the others are at work already. Raises RewardError.
        """
        futures = {reward.name: Future() for reward in self._rewards}
        calls = {reward.name: partial(measure_checked, reward, images, prompts) for reward in self._rewards}
        for name, thread in self._threads.items():
            thread.submit(calls[name], futures[name])
        self._under_way = [future for future in (*self._under_way, *futures.values()) if not future.done()]
        try:
            for name in (name for name in calls if name not in self._threads):
                futures[name].set_result(calls[name]())
        except BaseException:
            self.abandon()
            raise
        return Pending(futures)

    def collect(self, pending: Pending, check: Callable[[], None] = lambda: None) -> Scored:
        """The scores of a batch, once all are there.

        `check` is called while they are waited for and may raise, as a stop request does; then, and where a reward
        fails, what is under way is given up. Raises RewardError where a reward fails or gives no finite score.
        """
        started, waiting = time.perf_counter(), set(pending.futures.values())
        try:
            while waiting:
                done, waiting = wait(waiting, SECONDS_BETWEEN_CHECKS, FIRST_EXCEPTION)
                for future in done:
                    future.result()
                if waiting:
                    check()
        except BaseException:
            self.abandon()
            raise
        tail = time.perf_counter() - started if self._threads else 0.0
        return Scored.of({name: future.result() for name, future in pending.futures.items()}, tail)

    def abandon(self) -> None:
        """Give up every batch that was handed in: nobody will collect their scores."""
        if all(future.done() for future in self._under_way):
            return
        for future in self._under_way:
            future.cancel()
        for reward in self._rewards:
            reward.abandon()
