"""The tables of blind votes: which of two policies drew the better picture, for the same prompt and seed."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from pictures.policies import PolicyRef
from runs.models import Run
from teams.models import Team


class Vote(models.Model):
    """It is open until somebody closes it, and stays closed: then everybody sees what came out."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="votes")
    name = models.CharField(max_length=120)
    prompts = models.CharField(max_length=200, blank=True, help_text="Where its pictures are from: votes.drawn.")
    seeds = ArrayField(models.BigIntegerField(), default=list, help_text="Empty where any will do.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class Contender(models.Model):
    """A policy in a vote: a run after an iteration, at 0 its base model."""

    vote = models.ForeignKey(Vote, on_delete=models.CASCADE, related_name="contenders")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="contenders")
    iteration = models.PositiveIntegerField()
    place = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["vote", "run", "iteration"], name="one_contender_a_policy")]

    def __str__(self) -> str:
        return f"base model of {self.run.name}" if self.iteration == 0 else f"{self.run.name} at {self.iteration}"

    @property
    def ref(self) -> PolicyRef:
        return PolicyRef(self.run_id, self.iteration)


class Pair(models.Model):
    """Two pictures of the same prompt and seed, by their short names (`pictures.refs`).

    `is_gone` once one of them can no longer be shown; what was said about it until then counts.
    """

    vote = models.ForeignKey(Vote, on_delete=models.CASCADE, related_name="pairs")
    first = models.ForeignKey(Contender, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Contender, on_delete=models.CASCADE, related_name="+")
    prompt = models.TextField()
    seed = models.BigIntegerField()
    first_picture = models.CharField(max_length=20)
    second_picture = models.CharField(max_length=20)
    is_gone = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.prompt


class Answer(models.TextChoices):
    LEFT = "left", "Left is better"
    RIGHT = "right", "Right is better"
    TIE = "tie", "A tie"
    BAD = "bad", "Both are bad"


class Ballot(models.Model):
    """A pair before a person. Its id tells nothing; which side is which is drawn when it is issued."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pair = models.ForeignKey(Pair, on_delete=models.CASCADE, related_name="ballots")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="ballots")
    first_is_left = models.BooleanField()
    issued_at = models.DateTimeField(auto_now_add=True)
    answer = models.CharField(max_length=5, choices=Answer.choices, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["issued_at", "id"]
        constraints = [models.UniqueConstraint(fields=["pair", "person"], name="one_ballot_a_person_and_pair")]

    def __str__(self) -> str:
        return f"{self.answer or 'open'}: {self.pair_id}"

    def picture_on(self, side: str) -> str:
        """The short name of the picture on the `left` or the `right`."""
        is_first = (side == "left") == self.first_is_left
        return self.pair.first_picture if is_first else self.pair.second_picture
