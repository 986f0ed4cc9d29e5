"""Evaluations for the tests of the site: queued ones, and what a worker would have stored of them."""

from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from evaluating import services
from evaluating.wishes import Wish
from flowdppo_engine import events
from jobs import ingest, lifecycle
from jobs.models import Job, JobState
from runs.ingest import Batch
from runs.models import Checkpoint, Run
from tests.platform.lab import Lab, add_checkpoint, add_run

SETS = ("sandbox:in_domain", "sandbox:out_of_domain")
REWARD = "sandbox_soft_tifa"


def make_run(lab: Lab, *iterations: int) -> tuple[Run, list[Checkpoint]]:
    """With checkpoints whose files are there."""
    run = add_run(lab.experiment, name=f"run-{uuid4().hex[:4]}")
    return run, [add_checkpoint(run, iteration, {"weights": b"1"}) for iteration in iterations]


def wish(*checkpoints: Checkpoint, **values) -> Wish:
    known = {"prompt_sets": SETS, "num_prompts": 3, "seeds": (0, 1), "num_denoising_steps": 4, "guidance_scale": 1.0}
    return Wish(checkpoints=checkpoints, **known | values)


def queue(lab: Lab, run: Run, *checkpoints: Checkpoint, **values) -> Job:
    return services.evaluate(lab.member, run, wish(*checkpoints, **values))


def drawn(iteration: int, prompt_set: str = SETS[0], first: int = 0, num: int = 2) -> events.Drawn:
    """One prompt's pictures: worse the later they are drawn, and better with iterations."""
    drawings = [
        events.Drawing(
            index=first + place, path=f"pictures/{iteration}/{prompt_set[8:]}-{first + place}.png", prompt="a cat",
            seed=place, rewards={REWARD: 0.5 + iteration / 100 - place / 10}, kl=iteration / 10,
        )
        for place in range(num)
    ]  # fmt: skip
    return events.Drawn(iteration=iteration, prompt_set=prompt_set, drawings=drawings, spread=[0.25])


def verdict(iteration: int, prompt_set: str = SETS[0], mean: float = 0.5, kl: float = 0.0) -> events.Evaluation:
    def score(value: float) -> events.Score:
        return events.Score(mean=value, low=value - 0.1, high=value + 0.1, per_prompt=[value] * 3)

    difference = events.Difference(mean=mean - 0.5, low=mean - 0.6, high=mean - 0.4)
    return events.Evaluation(
        iteration=iteration,
        step=2 * iteration,
        prompt_set=prompt_set,
        num_prompts=3,
        scores={
            f"{REWARD}_strict": score(mean / 2),
            REWARD: score(mean),
            "drift/kl_nats": score(kl),
            "diversity/pixel_rms": score(0.3),
        },
        difference={REWARD: difference, "diversity/pixel_rms": difference} if iteration else {},
    )


def store(job: Job, *some: events.Event) -> lifecycle.Lease:
    """As the worker of a first attempt stores it, with the pictures' files."""
    lease = lifecycle.claim(job.id, "node-1")
    ingest.store(lease, Batch(some, 0, 100))
    job.refresh_from_db()
    for event in some:
        for one in event.drawings if isinstance(event, events.Drawn) else ():
            default_storage.save(f"{job.attempt_folder}/{one.path}", ContentFile(b"png"))
    return lease


def finish(job: Job, *some: events.Event) -> Job:
    """The base model and a checkpoint, on both sets, unless `some` is told."""
    iterations = [0, *job.checkpoints.order_by("iteration").values_list("iteration", flat=True)]
    told = [
        event
        for iteration in iterations
        for place, name in enumerate(SETS)
        for event in (
            drawn(iteration, name),
            verdict(iteration, name, 0.5 + iteration / 100 - place / 5, iteration / 10),
        )
    ]
    lifecycle.finish(store(job, *(some or told)))
    job.refresh_from_db()
    assert job.state == JobState.FINISHED
    return job
