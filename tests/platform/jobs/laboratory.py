"""Jobs of the lab's team, for the tests of the site."""

from pathlib import Path

from django.conf import settings
from PIL import Image

from flowdppo_engine import events
from flowdppo_engine.config import RunConfig
from jobs import services
from jobs.ingest import merge
from jobs.models import Job, JobState
from tests.platform.lab import Lab

SIZE = (200, 160)


def queue(lab: Lab, **options) -> Job:
    return services.dry_run(lab.owner, lab.team, "Two rewards", RunConfig(), **options)


def reward(name: str = "a", weight: float = 1.0, group_std: float | None = 0.2, **values) -> events.TriedReward:
    known = {"mean": 0.5, "std": 0.3, "num_alike_groups": 0, "seconds_per_image": 0.25}
    return events.TriedReward(name=name, weight=weight, group_std=group_std, **known | values)


def scored(*rewards: events.TriedReward, **values) -> events.Scored:
    known = {"totals": [0.2, 0.8], "num_groups": 1, "num_alike_groups": 0, "left_out": []}
    return events.Scored(rewards=list(rewards) or [reward()], **known | values)


def samples(*values: dict[str, float]) -> events.Samples:
    values = values or ({"a": 0.2}, {"a": 0.8})
    some = [
        events.Sample(index=index, path=f"samples/{index}.png", prompt="a red cat", seed=index, rewards=one)
        for index, one in enumerate(values)
    ]
    return events.Samples(iteration=0, step=0, samples=some)


def finish(job: Job, *told: events.Event) -> Job:
    """As a worker would have left it, with the pictures that were told of."""
    told = told or (samples(), scored())
    Job.objects.filter(id=job.id).update(
        state=JobState.FINISHED, num_attempts=1, result=merge({}, told), started_at=job.created_at
    )
    job.refresh_from_db()
    for event in told:
        for sample in event.samples if isinstance(event, events.Samples) else ():
            path = Path(settings.MEDIA_ROOT) / job.attempt_folder / sample.path
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.effect_noise(SIZE, 80).convert("RGB").save(path)
    return job
