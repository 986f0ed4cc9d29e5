"""Runs and experiments get notes and tags of their own, and runs a summary, made here of what they have written."""

import django.contrib.postgres.fields
from django.conf import settings
from django.db import migrations, models

# As `runs.summaries` had it when this was written.
SUMMARY = """
WITH RECURSIVE walk AS (
    (SELECT key FROM runs_metricpoint WHERE run_id = %(run)s ORDER BY key LIMIT 1)
    UNION ALL
    SELECT next.key FROM walk CROSS JOIN LATERAL (
        SELECT key FROM runs_metricpoint WHERE run_id = %(run)s AND key > walk.key ORDER BY key LIMIT 1
    ) AS next
), metric AS (
    SELECT walk.key, last.value FROM walk CROSS JOIN LATERAL (
        SELECT value FROM runs_metricpoint AS point JOIN runs_attempt AS attempt ON attempt.id = point.attempt_id
        WHERE point.run_id = %(run)s AND point.key = walk.key
            AND (attempt.valid_until IS NULL OR iteration <= attempt.valid_until)
        ORDER BY iteration DESC, attempt.number DESC LIMIT 1
    ) AS last
), scored AS (
    SELECT prompt_set || '/' || reward.key AS key, evaluation.iteration, attempt.number,
        reward.value -> 'mean' AS mean,
        evaluation.iteration > 0 AND reward.key NOT LIKE 'drift/%%' AS is_ranked,
        prompt_set = config #>> '{evaluation,prompt_sets,0}'
            AND reward.key = coalesce(config #>> '{rewards,0,label}', config #>> '{rewards,0,name}') AS is_first
    FROM runs_evaluation AS evaluation
    JOIN runs_run AS run ON run.id = evaluation.run_id
    JOIN runs_attempt AS attempt ON attempt.id = evaluation.attempt_id
    CROSS JOIN LATERAL jsonb_each(scores) AS reward
    WHERE run.id = %(run)s AND (attempt.valid_until IS NULL OR evaluation.iteration <= attempt.valid_until)
        AND jsonb_typeof(reward.value -> 'mean') = 'number'
), newest AS (
    SELECT DISTINCT ON (key) key, mean, is_first FROM scored ORDER BY key, iteration DESC, number DESC
), best AS (
    SELECT DISTINCT ON (key) key, mean, iteration, is_first FROM scored WHERE is_ranked
    ORDER BY key, mean DESC, iteration
), entry AS (
    SELECT key, to_jsonb(value) AS value FROM metric
    UNION ALL SELECT 'score/' || key, mean FROM newest
    UNION ALL SELECT 'score', mean FROM newest WHERE is_first
    UNION ALL SELECT 'best/' || key, mean FROM best
    UNION ALL SELECT 'best', mean FROM best WHERE is_first
    UNION ALL SELECT 'best_iteration', to_jsonb(iteration) FROM best WHERE is_first
)
UPDATE runs_run SET summary = (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM entry) WHERE id = %(run)s
"""


def fill_summaries(apps, schema_editor) -> None:
    run_ids = list(apps.get_model("runs", "Run").objects.values_list("id", flat=True))
    with schema_editor.connection.cursor() as cursor:
        for run_id in run_ids:
            cursor.execute(SUMMARY, {"run": run_id})


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0007_reported_runs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="experiment",
            name="archived_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="experiment",
            name="notes",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="experiment",
            name="tags",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="summary",
            field=models.JSONField(default=dict, help_text="What lists sort and filter by: see runs.summaries."),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["experiment", "-created_at", "-id"], name="runs_of_experiment_newest"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["-created_at", "-id"], name="runs_newest_first"),
        ),
        migrations.RunPython(fill_summaries, migrations.RunPython.noop),
    ]
