"""Names, notes, tags, archive, moves: who may, what it changes, and that the team's log tells it."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from runs import upkeep
from runs.models import Experiment, Run
from runs.upkeep import Description
from teams.models import AuditEntry
from tests.platform.lab import add_run

VERBS = {
    "archive": upkeep.archive_runs,
    "unarchive": upkeep.unarchive_runs,
    "tag": lambda user, runs: upkeep.tag_runs(user, runs, "mine"),
    "untag": lambda user, runs: upkeep.untag_runs(user, runs, "keep"),
    "move": lambda user, runs: upkeep.move_runs(user, runs, "Thresholds"),
    "cancel": upkeep.cancel_runs,
    "describe": lambda user, runs: upkeep.describe_run(user, runs[0], Description("x", "", [])),
    "describe experiment": lambda user, runs: upkeep.describe_experiment(
        user, runs[0].experiment, Description("x", "", []), ""
    ),
    "archive experiment": lambda user, runs: upkeep.archive_experiment(user, runs[0].experiment),
}


def told(team) -> list[tuple[str, str, str]]:
    entries = AuditEntry.objects.filter(team=team).exclude(object="the team").order_by("id")
    return list(entries.values_list("verb", "object", "detail"))


@pytest.fixture
def ended(lab) -> list[Run]:
    return [add_run(lab.experiment, name, "finished") for name in ("one", "two")]


@pytest.mark.parametrize("person", ["viewer", "stranger"])
@pytest.mark.parametrize("verb", VERBS)
def test_who_may_not_write_changes_nothing(verb, person, lab, ended):
    run = add_run(lab.experiment, "live", tags=["keep"])
    before = list(Run.objects.values()), list(Experiment.objects.values())
    with pytest.raises(PermissionDenied, match="Viewers may look"):
        VERBS[verb](getattr(lab, person), [run, *ended])
    assert (list(Run.objects.values()), list(Experiment.objects.values())) == before
    assert told(lab.team) == []


def test_one_run_of_another_team_spoils_the_deed(lab, ended):
    theirs = Run.objects.get(experiment__name="Theirs")
    with pytest.raises(PermissionDenied, match="Viewers may look"):
        upkeep.archive_runs(lab.member, [*ended, theirs])
    assert not Run.objects.exclude(archived_at=None).exists()


def test_runs_are_archived_and_brought_back(lab, ended):
    live = add_run(lab.experiment, "live")
    assert upkeep.archive_runs(lab.member, [*ended, live]) == 2
    archived = upkeep.chosen_runs(lab.member, [run.id for run in (*ended, live)])
    assert {run.name for run in archived if run.archived_at} == {"one", "two"}
    assert upkeep.archive_runs(lab.member, archived) == 0
    assert upkeep.unarchive_runs(lab.member, archived) == 2
    assert not Run.objects.exclude(archived_at=None).exists()
    assert told(lab.team) == [("archived", "2 runs", "one, two"), ("brought back", "2 runs", "two, one")]


def test_a_tag_is_put_on_and_taken_off(lab, ended):
    assert upkeep.tag_runs(lab.member, ended, " Needs  Review ") == 2
    tagged = upkeep.chosen_runs(lab.member, [run.id for run in ended])
    assert [run.tags for run in tagged] == [["needs review"]] * 2
    assert upkeep.tag_runs(lab.member, tagged, "needs review") == 0
    assert upkeep.untag_runs(lab.member, tagged[:1], "needs review") == 1
    assert sorted(run.tags for run in Run.objects.filter(experiment=lab.experiment)) == [[], ["needs review"]]
    assert told(lab.team)[-1] == ("untagged needs review", "run “two”", "two")


@pytest.mark.parametrize("text", ["", "  ", "a,b", "x" * 41])
def test_what_is_no_tag_is_refused(text, lab, ended):
    with pytest.raises(ValidationError, match="tag"):
        upkeep.tag_runs(lab.member, ended, text)


def test_a_run_has_so_many_tags(lab, ended):
    for number in range(upkeep.MOST_TAGS):
        upkeep.tag_runs(lab.member, [Run.objects.get(id=ended[0].id)], f"tag {number}")
    with pytest.raises(ValidationError, match="at most 20 tags"):
        upkeep.tag_runs(lab.member, [Run.objects.get(id=ended[0].id)], "one more")
    with pytest.raises(ValidationError, match="at most 20"):
        upkeep.parse_tags(",".join(map(str, range(21))))
    assert upkeep.parse_tags(" Keep, paper,keep ,, ") == ["keep", "paper"]


def test_runs_move_within_their_team(lab, ended):
    target = Experiment.objects.create(team=lab.team, name="Paper")
    assert upkeep.move_runs(lab.member, ended, " Paper ") == 2
    assert set(Run.objects.filter(experiment=target)) == set(ended)
    assert told(lab.team) == [("moved", "2 runs", "to “Paper”: one, two")]
    assert upkeep.move_runs(lab.member, upkeep.chosen_runs(lab.member, [ended[0].id]), "Paper") == 0


def test_runs_do_not_move_where_there_is_no_experiment(lab, ended):
    with pytest.raises(ValidationError, match="Lab has no experiment “Theirs”"):
        upkeep.move_runs(lab.member, ended, "Theirs")
    upkeep.move_runs(lab.member, [], "Theirs")
    assert set(Run.objects.filter(experiment=lab.experiment)) == set(ended)


def test_live_runs_are_asked_to_stop(lab, ended):
    running, queued = add_run(lab.experiment, "r"), add_run(lab.experiment, "q", "queued")
    assert upkeep.cancel_runs(lab.member, [*ended, running, queued]) == 2
    assert Run.objects.get(id=running.id).cancel_requested_at is not None
    assert Run.objects.get(id=queued.id).state == "cancelled"
    assert upkeep.cancel_runs(lab.member, [Run.objects.get(id=running.id)]) == 0


def test_a_run_is_described(lab, ended):
    said = Description("first light", "It **works**.", ["keep"])
    upkeep.describe_run(lab.member, ended[0], said)
    run = Run.objects.get(id=ended[0].id)
    assert (run.name, run.notes, run.tags) == ("first light", "It **works**.", ["keep"])
    assert told(lab.team) == [("described", "run “one”", "name: first light, notes, tags")]
    upkeep.describe_run(lab.member, run, said)
    assert len(told(lab.team)) == 1


def test_an_experiment_is_described_and_archived(lab):
    upkeep.describe_experiment(lab.owner, lab.experiment, Description("Thresholds", "Plan", ["paper"]), "Why?")
    upkeep.archive_experiment(lab.owner, lab.experiment)
    experiment = Experiment.objects.get(id=lab.experiment.id)
    assert (experiment.notes, experiment.tags, experiment.description) == ("Plan", ["paper"], "Why?")
    assert experiment.archived_at is not None
    upkeep.archive_experiment(lab.owner, experiment, is_archived=False)
    assert Experiment.objects.get(id=lab.experiment.id).archived_at is None
    assert [verb for verb, *_ in told(lab.team)] == ["described", "archived", "brought back"]
