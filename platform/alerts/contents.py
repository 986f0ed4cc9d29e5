"""What a message says: JSON for a webhook, and from it a title and a text for people. docs/alerts.md describes it."""

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from alerts.models import Alert, Channel, EventKind
from runs.models import Run

ENDS = {EventKind.FINISHED: "finished", EventKind.FAILED: "failed", EventKind.STOPPED: "was stopped"}


def of_end(run: Run, kind: EventKind) -> dict:
    """`run` with its experiment and team."""
    return {**_head(f"run.{kind.value}"), **_where(run)}


def of_alert(alert: Alert, run: Run) -> dict:
    about = {
        "id": alert.id,
        "kind": alert.kind,
        "title": alert.get_kind_display(),
        "summary": alert.summary,
        "iteration": alert.iteration,
        "level": alert.level,
        "asked_to_pause": alert.asked_to_pause,
        "url": reverse("alert", args=[alert.id]),
    }
    return {**_head("alert"), **_where(run), "alert": about}


def of_mention(comment_id: int) -> dict:
    """The rest is found when it goes out, for each person anew: `late_contents`."""
    return {**_head("mention"), "comment": {"id": comment_id}}


def of_test(channel: Channel) -> dict:
    if channel.team is None:
        return {**_head("test"), "channel": channel.name}
    team = {"id": channel.team_id, "name": channel.team.name, "url": reverse("team", args=[channel.team_id])}
    return {**_head("test"), "team": team, "channel": channel.name}


def words(content: dict) -> tuple[str, str]:
    """Title and text of a message."""
    if content["type"] == "test":
        whose = f"Messages of the team {content['team']['name']}" if "team" in content else "Your mentions"
        return "Flow-DPPO: a test", f"{whose} arrive here."
    if content["type"] == "mention":
        comment, team = content["comment"], content["team"]["name"]
        title = f"{comment['author']} mentioned you: {comment['about']} ({team})"
        end = f"You asked for this: {content['choice']['url']}"
        return title, f"{comment['text']}\n\n{comment['url']}\n\n{end}"
    run = content["run"]
    place = f"{run['name']} ({content['experiment']['name']})"
    if content["type"] == "alert":
        alert = content["alert"]
        pause = "\nThe run stops at its next checkpoint." if alert["asked_to_pause"] else ""
        return f"{alert['title']}: {place}", f"{alert['summary']}{pause}\n{alert['url']}"
    verb = ENDS[EventKind(content["type"].removeprefix("run."))]
    lines = [f"Iteration {run['iteration']} of {run['total_iterations']}.", run["error"], run["hint"], run["reason"]]
    return f"Run {verb}: {place}", "\n".join(filter(None, [*lines, run["url"]]))


def with_links(content: dict) -> dict:
    """As it is sent: each `url` with the site's address. A node that ends a run need not know it; who sends does."""

    def whole(key: str, value):
        if isinstance(value, dict):
            return {inner: whole(inner, part) for inner, part in value.items()}
        return f"{settings.SITE_URL}{value}" if key == "url" else value

    return {key: whole(key, value) for key, value in content.items()}


def _head(event_type: str) -> dict:
    return {"type": event_type, "time": timezone.now().isoformat(timespec="seconds")}


def _where(run: Run) -> dict:
    experiment, team = run.experiment, run.experiment.team
    return {
        "team": {"id": team.id, "name": team.name, "url": reverse("team", args=[team.id])},
        "experiment": {
            "id": experiment.id,
            "name": experiment.name,
            "url": reverse("experiment", args=[experiment.id]),
        },
        "run": {
            "id": str(run.id),
            "name": run.name,
            "state": run.state,
            "iteration": run.iteration,
            "total_iterations": run.total_iterations,
            "error": run.error,
            "hint": run.hint,
            "reason": run.stop_reason if run.state == "stopped" else "",
            "url": reverse("run", args=[run.id]),
        },
    }
