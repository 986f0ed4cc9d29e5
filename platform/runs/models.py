"""The tables of runs. What changes them is in `services.py` and `lifecycle.py`; what reads them in `selectors.py`."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from teams.models import Team


class Experiment(models.Model):
    """A folder of runs that are meant to be compared."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="experiments")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)

    notes = models.TextField(blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="experiment_name_is_unique_in_team")]

    def __str__(self) -> str:
        return self.name


class RunState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    # Put down after a checkpoint, by a person or an alert; it waits for somebody to resume it.
    STOPPED = "stopped"


class Priority(models.IntegerChoices):
    LOW = -1
    NORMAL = 0
    HIGH = 1


class Run(models.Model):
    """One training run. Its state is written by `runs.lifecycle` alone.

    `lease_token` fences: a worker may write to a run only while the row still carries the token that it claimed with.
    `event_offset` is the number of bytes of `events.jsonl` that these tables hold, kept in the same transaction.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="runs")
    name = models.CharField(max_length=120)
    recipe = models.CharField(max_length=80)
    config = models.JSONField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    cloned_from = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="clones")
    continued_from = models.ForeignKey(
        "Checkpoint", null=True, on_delete=models.SET_NULL, related_name="continuations"
    )

    notes = models.TextField(blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    archived_at = models.DateTimeField(null=True)

    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    num_gpus = models.PositiveSmallIntegerField(default=1, help_text="GPUs of one node that the run takes.")

    is_reported = models.BooleanField(
        default=False, help_text="Its engine runs elsewhere and its events come over the API: no worker takes it."
    )

    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED, db_index=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    awaits_preflight = models.BooleanField(default=False, help_text="Queued, but its first step is tried before.")
    stop_requested_at = models.DateTimeField(null=True, help_text="To be put down after the next checkpoint.")
    stop_reason = models.TextField(blank=True, help_text="Who or what asked for that, in a sentence.")
    error = models.TextField(blank=True)
    hint = models.TextField(blank=True)

    num_attempts = models.PositiveIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    nudged_at = models.DateTimeField(null=True)
    event_offset = models.PositiveBigIntegerField(default=0)
    attempts_forgiven = models.PositiveIntegerField(
        default=0, help_text="Somebody resumed the run after this many attempts: their deaths are not held against it."
    )
    settled_offset = models.PositiveBigIntegerField(
        default=0, help_text="event_offset when somebody last resumed the run: no word before it is the run's last."
    )

    total_iterations = models.PositiveIntegerField(default=0)
    iteration = models.PositiveIntegerField(default=0)
    step = models.PositiveIntegerField(default=0)
    num_latent_dims = models.PositiveIntegerField(null=True)
    phase = models.CharField(max_length=20, blank=True)
    phase_done = models.PositiveIntegerField(default=0)
    phase_total = models.PositiveIntegerField(default=0)
    phase_unit = models.CharField(max_length=20, blank=True)
    seconds_left = models.FloatField(null=True)
    summary = models.JSONField(default=dict, help_text="What lists sort and filter by: see runs.summaries.")

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            GinIndex(fields=["tags"], name="runs_by_tag"),
            models.Index(fields=["experiment", "-created_at", "-id"], name="runs_of_experiment_newest"),
            models.Index(fields=["-created_at", "-id"], name="runs_newest_first"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def folder(self) -> str:
        """The run folder, relative to the root of the file storage."""
        return f"runs/{self.id}"

    @property
    def is_live(self) -> bool:
        """Whether more may come of it."""
        return self.state in (RunState.QUEUED, RunState.RUNNING)


class AttemptOutcome(models.TextChoices):
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    STOPPED = "stopped"


class Attempt(models.Model):
    """One life of a run on one worker. What it wrote past `valid_until` was rolled back by a later attempt.

    `lost` attempts died; `stopped` ones were put down in order: their worker went away, or somebody asked for it.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    worker = models.CharField(max_length=120)
    node = models.ForeignKey("fleet.Node", null=True, on_delete=models.SET_NULL, related_name="attempts")
    gpus = ArrayField(
        models.PositiveSmallIntegerField(),
        default=list,
        help_text="Which slots of the node it holds: on a node with GPUs, their numbers.",
    )
    engine_pid = models.PositiveIntegerField(null=True)
    engine_started_at = models.FloatField(null=True, help_text="Start time of the process, seconds since 1970.")
    outcome = models.CharField(max_length=10, choices=AttemptOutcome.choices, default=AttemptOutcome.RUNNING)
    resumed_from = models.PositiveIntegerField(null=True)
    reached = models.PositiveIntegerField(null=True, help_text="The last iteration that it told of.")
    valid_until = models.IntegerField(null=True, help_text="Last iteration that still counts; -1 where none does.")
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    memory_ran_out_in = models.CharField(max_length=40, blank=True, help_text="Where, if that is what ended it.")

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="attempt_number_is_unique_in_run")]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.run_id}"

    @property
    def first_iteration(self) -> int:
        return (self.resumed_from or 0) + 1

    @property
    def num_void(self) -> int:
        """How many of its iterations a later attempt did again."""
        if self.reached is None or self.valid_until is None:
            return 0
        return max(0, self.reached - max(self.valid_until, self.first_iteration - 1))


class MetricPoint(models.Model):
    """One value of one metric at one iteration.

    Tens of thousands come a second, and to check or index both keys of each would more than double what that costs.
    Nothing is lost by it: who stores points holds the run's row locked (`ingest.store`), the indexes below begin with
    the run, and points go with their run; an attempt is never deleted alone.
    """

    attempt = models.ForeignKey(
        Attempt, on_delete=models.DO_NOTHING, related_name="points", db_constraint=False, db_index=False
    )
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="points", db_constraint=False, db_index=False)
    key = models.CharField(max_length=80)
    iteration = models.PositiveIntegerField()
    step = models.PositiveIntegerField()
    time = models.FloatField(help_text="Seconds since 1970.")
    value = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "key", "iteration", "attempt"], name="one_value_a_point"),
        ]
        indexes = [models.Index(fields=["run", "id"], name="points_of_a_run_in_order")]


class Written(models.Model):
    """What an attempt wrote at an iteration; void once the attempt was rolled back past it."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="%(class)ss")
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="%(class)ss")
    iteration = models.PositiveIntegerField()
    step = models.PositiveIntegerField()

    class Meta:
        abstract = True


class SampleKind(models.TextChoices):
    # The same prompts and seeds each time, drawn for people to look at.
    FIXED = "fixed"
    # One of a whole group that an iteration trained on.
    ROLLOUT = "rollout"


class Sample(Written):
    """A drawn picture. `path` is relative to the run folder.

    A rollout has the number of its group in its iteration, its advantage in it and, where it was measured, the KL of
    the policy that drew it to the base model, in nats (`flowdppo_engine.events.Sample`).
    """

    kind = models.CharField(max_length=8, choices=SampleKind.choices, default=SampleKind.FIXED)
    index = models.PositiveIntegerField()
    path = models.CharField(max_length=200)
    prompt = models.TextField()
    seed = models.BigIntegerField()
    rewards = models.JSONField()
    group = models.PositiveIntegerField(null=True)
    advantage = models.FloatField(null=True)
    kl = models.FloatField(null=True)

    class Meta:
        ordering = ["iteration", "index"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "iteration", "kind", "index"], name="one_sample_a_place"),
        ]
        indexes = [models.Index(fields=["run", "iteration"], name="samples_of_an_iteration")]


class Checkpoint(Written):
    """A checkpoint folder, relative to the run folder. The engine deletes old ones; the row stays.

    Those that are kept for their evaluation have a place among the best, from 1.
    """

    path = models.CharField(max_length=200)
    num_bytes = models.PositiveBigIntegerField()
    removed = models.BooleanField(default=False)
    place = models.PositiveSmallIntegerField(null=True)
    ranked_by = models.CharField(max_length=300, blank=True, help_text="The score that ranks it, and its prompt set.")
    ranked_mean = models.FloatField(null=True)

    class Meta:
        ordering = ["-iteration"]
        constraints = [models.UniqueConstraint(fields=["attempt", "iteration"], name="one_checkpoint_an_iteration")]


class Evaluation(Written):
    """Scores of a checkpoint on one prompt set, as in the event (`flowdppo_engine.events.Evaluation`)."""

    prompt_set = models.CharField(max_length=200)
    num_prompts = models.PositiveIntegerField()
    scores = models.JSONField()
    difference = models.JSONField()

    class Meta:
        ordering = ["iteration", "prompt_set"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "iteration", "prompt_set"], name="one_evaluation_a_set"),
        ]


class LogLine(models.Model):
    """A line of the run's log. `seq` is the event's number in the run's stream; 0 for the platform's own words.

    Whoever writes one holds the run's row locked, so that lines become visible in the order of their ids: a reader
    who has come to an id misses nothing before it.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="log_lines", db_index=False)
    attempt = models.ForeignKey(Attempt, null=True, on_delete=models.CASCADE, related_name="log_lines")
    seq = models.PositiveIntegerField()
    time = models.DateTimeField()
    level = models.CharField(max_length=10)
    message = models.TextField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["run", "id"], name="lines_of_a_run_in_order")]
