"""What a POST with an idempotency key was answered, so that a program that asks again gets the same answer."""

from django.conf import settings
from django.db import models


class StoredAnswer(models.Model):
    """The answer to one request. `digest` is of its method, address and body: a key is for one request only."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    content = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_per_person_and_key")]

    def __str__(self) -> str:
        return self.key
