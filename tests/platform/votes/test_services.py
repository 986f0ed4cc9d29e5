"""Ballots are issued, answered once, taken back; votes are started, closed and deleted."""

import uuid
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied

from pictures.models import Drawing
from pictures.policies import PolicyRef, find_policies
from pictures.refs import parse_ref
from teams.models import AuditEntry
from teams.services import create_user, set_role
from tests.platform.lab import add_run
from tests.platform.votes.ballot_box import add_vote, judge, prefer
from votes import services
from votes.models import Ballot, Pair
from votes.selectors import progress_of, sees_results
from votes.services import NotPossible
from votes.verdicts import Outcome, read_verdicts

pytestmark = pytest.mark.django_db


def test_a_vote_has_its_pairs_from_the_start(lab):
    run = add_run(lab.experiment)
    vote = add_vote(lab, run, (0, 40, 80))
    assert [str(contender) for contender in vote.contenders.all()] == [
        "base model of run", "run at 40", "run at 80",
    ]  # fmt: skip
    assert Counter((pair.first.iteration, pair.second.iteration) for pair in vote.pairs.all()) == {
        (0, 40): 3, (0, 80): 3, (40, 80): 3,
    }  # fmt: skip
    for pair in vote.pairs.all():
        for name, contender in ((pair.first_picture, pair.first), (pair.second_picture, pair.second)):
            drawing = Drawing.objects.get(id=parse_ref(name).id)
            assert (drawing.prompt, drawing.seed, drawing.iteration) == (pair.prompt, pair.seed, contender.iteration)
    entry = AuditEntry.objects.filter(team=lab.team).first()
    assert (entry.verb, entry.detail) == ("started", "3 policies, 9 pairs")


def test_viewers_vote_but_start_close_and_delete_nothing(lab):
    vote = add_vote(lab)
    judge(lab.viewer, vote, 3)
    policies = list(find_policies(lab.viewer, [PolicyRef(add_run(lab.experiment).id, 0)]).values())
    deeds = (
        lambda: services.start_vote(lab.viewer, lab.team, "no", policies, {}, 1),
        lambda: services.close_vote(lab.viewer, vote),
        lambda: services.delete_vote(lab.viewer, vote),
    )
    for deed in deeds:
        with pytest.raises(PermissionDenied):
            deed()
    assert vote.pairs.count() == 3


def test_two_ballots_are_issued_and_the_same_ones_again(lab):
    vote = add_vote(lab)
    first = services.issue(lab.viewer, vote)
    assert len(first) == 2 and services.issue(lab.viewer, vote) == first
    services.answer(lab.viewer, first[0].id, "tie")
    second = services.issue(lab.viewer, vote)
    assert second[0] == first[1] and len({ballot.pair_id for ballot in (*first, *second)}) == 3


def test_a_person_judges_each_pair_once_and_then_is_done(lab):
    vote = add_vote(lab)
    judge(lab.viewer, vote, 3)
    assert services.issue(lab.viewer, vote) == []
    assert Ballot.objects.filter(person=lab.viewer).values("pair").distinct().count() == 3
    assert len(services.issue(lab.member, vote)) == 2


def test_a_ballot_is_answered_once_by_whom_it_was_issued_to(lab):
    vote = add_vote(lab)
    ballot, _ = services.issue(lab.viewer, vote)
    for person in (lab.member, lab.owner, lab.stranger):
        with pytest.raises(Ballot.DoesNotExist):
            services.answer(person, ballot.id, "left")
    with pytest.raises(Ballot.DoesNotExist):
        services.answer(lab.viewer, uuid.uuid4(), "left")
    services.answer(lab.viewer, ballot.id, "left")
    with pytest.raises(NotPossible, match="judged already"):
        services.answer(lab.viewer, ballot.id, "right")
    ballot.refresh_from_db()
    assert ballot.answer == "left" and ballot.answered_at


def test_who_has_left_the_team_votes_no_more(lab):
    vote = add_vote(lab)
    ballot, _ = services.issue(lab.viewer, vote)
    lab.team.memberships.filter(user=lab.viewer).delete()
    with pytest.raises(Ballot.DoesNotExist):
        services.answer(lab.viewer, ballot.id, "left")


def test_the_last_answer_is_taken_back_and_comes_again(lab):
    vote = add_vote(lab)
    judge(lab.viewer, vote, 2)
    last = Ballot.objects.filter(person=lab.viewer).exclude(answer="").order_by("-answered_at").first()
    services.undo(lab.viewer, vote)
    again = services.issue(lab.viewer, vote)[0]
    assert (again.id, again.first_is_left, again.answer) == (last.id, last.first_is_left, "")
    services.answer(lab.viewer, again.id, "bad")
    assert [one.outcome for one in read_verdicts(vote)][-1] == Outcome.BAD
    with pytest.raises(NotPossible, match="nothing to take back"):
        services.undo(lab.owner, vote)


def test_a_closed_vote_takes_no_answer_and_gives_none_back(lab):
    vote = add_vote(lab)
    judge(lab.viewer, vote, 1)
    ballot = services.issue(lab.viewer, vote)[0]
    assert services.close_vote(lab.member, vote) and not services.close_vote(lab.member, vote)
    for deed in (
        lambda: services.answer(lab.viewer, ballot.id, "left"),
        lambda: services.undo(lab.viewer, vote),
    ):
        with pytest.raises(NotPossible, match="closed"):
            deed()
    assert services.issue(lab.viewer, vote) == [] and len(read_verdicts(vote)) == 1
    assert AuditEntry.objects.filter(verb="closed", team=lab.team).count() == 1


def test_deleting_takes_everything_with_it_and_is_told(lab):
    vote = add_vote(lab)
    judge(lab.viewer, vote, 2)
    services.delete_vote(lab.member, vote)
    assert not Pair.objects.exists() and not Ballot.objects.exists()
    assert AuditEntry.objects.filter(verb="deleted", detail="2 ballots").exists()


def test_sides_are_drawn_and_the_answer_is_turned_back(lab):
    vote = add_vote(lab, seeds=range(10))
    for _ in range(30):
        ballot = services.issue(lab.viewer, vote)[0]
        services.answer(lab.viewer, ballot.id, prefer(ballot, 40))
    sides = Counter(Ballot.objects.filter(person=lab.viewer).values_list("first_is_left", flat=True))
    # Of 30 throws of a coin fewer than 3 fall on one side once in a million times.
    assert min(sides[True], sides[False]) >= 3
    assert {one.outcome for one in read_verdicts(vote)} == {Outcome.SECOND}


def test_a_pair_that_lost_a_picture_is_not_shown_and_what_was_said_counts(lab):
    vote = add_vote(lab)
    judge(lab.member, vote, 3)
    first, second, third = vote.pairs.all()
    Drawing.objects.filter(id=parse_ref(first.first_picture).id).delete()
    (Path(settings.MEDIA_ROOT) / Drawing.objects.get(id=parse_ref(second.second_picture).id).path).unlink()
    (ballot,) = services.issue(lab.viewer, vote)
    assert ballot.pair == third
    assert [pair.is_gone for pair in vote.pairs.all()] == [True, True, False]
    assert len(read_verdicts(vote)) == 3
    progress = progress_of(lab.viewer, [vote])[vote.id]
    assert (progress.num_own, progress.num_pairs, progress.num_people, progress.num_ballots) == (0, 1, 1, 3)


def test_an_issued_ballot_whose_picture_goes_away_is_replaced(lab):
    vote = add_vote(lab)
    ballot, other = services.issue(lab.viewer, vote)
    Drawing.objects.filter(id=parse_ref(ballot.pair.first_picture).id).delete()
    after = services.issue(lab.viewer, vote)
    assert after[0] == other and ballot not in after and len(after) == 2


def test_results_are_seen_after_some_ballots_or_at_the_end(lab):
    vote = add_vote(lab, seeds=range(4))
    judge(lab.viewer, vote, 9)

    def sees(person):
        return sees_results(vote, progress_of(person, [vote])[vote.id])

    assert not sees(lab.viewer) and not sees(lab.member)
    judge(lab.viewer, vote, 1)
    assert sees(lab.viewer) and not sees(lab.member)
    services.close_vote(lab.owner, vote)
    vote.refresh_from_db()
    assert sees(lab.member)


def test_of_a_small_vote_all_pairs_are_enough(lab):
    vote = add_vote(lab)
    judge(lab.viewer, vote, 3)
    assert sees_results(vote, progress_of(lab.viewer, [vote])[vote.id])


def test_people_together_judge_every_comparison_about_equally_often(lab):
    vote = add_vote(lab, iterations=(0, 40, 80), seeds=(1, 2))
    people = [lab.viewer, lab.member]
    people.append(create_user("ann@example.org", "a long one, for tests"))
    set_role(lab.team, people[-1], "viewer")
    for person, num in zip(people, (7, 5, 2), strict=True):
        for _ in range(num):
            services.answer(person, services.issue(person, vote)[0].id, "tie")
    counts = Counter((one.first, one.second) for one in read_verdicts(vote))
    # Two ballots lie before each of them meanwhile.
    assert sum(counts.values()) == 14 and max(counts.values()) - min(counts.values()) <= 2


def test_what_is_issued_costs_the_same_however_many_pairs_there_are(lab, django_assert_max_num_queries):
    small, large = add_vote(lab), add_vote(lab, seeds=range(15))
    for vote in (small, large):
        ballot = services.issue(lab.viewer, vote)[0]
        with django_assert_max_num_queries(22):
            services.answer(lab.viewer, ballot.id, prefer(ballot, 40))
            services.issue(lab.viewer, vote)
