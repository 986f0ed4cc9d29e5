"""What comes out of a vote, beside what the rewards say."""

import pytest

from pictures.models import Drawing
from teams.services import create_user, set_role
from tests.platform.lab import add_evaluation, add_run
from tests.platform.votes.ballot_box import add_vote, judge
from votes import services
from votes.bradley_terry import Strength
from votes.charts import picture_of
from votes.measures import Measure, Measured, read_measures
from votes.models import Contender
from votes.rates import Rate
from votes.results import results_of
from votes.selectors import contenders_of
from votes.verdicts import Outcome, Verdict, outcome_of, read_verdicts


def contenders(num: int) -> list[Contender]:
    return [Contender(iteration=40 * place, place=place) for place in range(num)]


def verdicts(*said: tuple[int, int, Outcome, int]) -> list[Verdict]:
    """(first, second, outcome, how often), each on a prompt of its own, by one person."""
    flat = [(first, second, outcome) for first, second, outcome, num in said for _ in range(num)]
    return [
        Verdict(number, first, second, f"prompt {number}", "ann", outcome)
        for number, (first, second, outcome) in enumerate(flat)
    ]


def measure(*means: float) -> Measure:
    return Measure(
        "pictures/quality", "quality", {place: Measured(mean, None, None) for place, mean in enumerate(means)}
    )


@pytest.mark.parametrize(
    ("answer", "first_is_left", "outcome"),
    [
        ("left", True, Outcome.FIRST),
        ("left", False, Outcome.SECOND),
        ("right", True, Outcome.SECOND),
        ("right", False, Outcome.FIRST),
        ("tie", True, Outcome.TIE),
        ("bad", False, Outcome.BAD),
    ],
)
def test_sides_are_turned_into_policies(answer, first_is_left, outcome):
    assert outcome_of(answer, first_is_left) == outcome


def test_standings_are_strongest_first_and_the_never_judged_last():
    found = results_of(contenders(4), verdicts((0, 1, Outcome.SECOND, 6), (1, 2, Outcome.FIRST, 5)))
    assert [standing.contender.place for standing in found.standings] == [1, 2, 0, 3]
    assert [standing.group for standing in found.standings] == [0, 0, 0, None]
    assert found.unjudged == found.standings[3:] and found.num_verdicts == 11
    assert [(duel.first.place, duel.second.place, duel.rate) for duel in found.duels] == [
        (1, 2, Rate(num_won=5)),
        (1, 0, Rate(num_won=6)),
    ]


def test_groups_that_no_pair_connects_are_told_apart():
    found = results_of(contenders(4), verdicts((0, 1, Outcome.FIRST, 3), (2, 3, Outcome.TIE, 2)))
    assert found.num_groups == 2
    assert [(one.contender.place, one.group) for one in found.standings] == [(0, 0), (1, 0), (2, 1), (3, 1)]


def test_people_and_reward_part_where_people_are_clear():
    said = verdicts((0, 1, Outcome.SECOND, 28), (0, 1, Outcome.FIRST, 4), (1, 2, Outcome.FIRST, 3))
    found = results_of(contenders(3), said, measure(0.9, 0.5, 0.7))
    assert [(one.preferred.place, one.rewarded.place) for one in found.partings] == [(1, 0)]
    assert results_of(contenders(3), said, measure(0.1, 0.5, 0.4)).partings == []
    assert results_of(contenders(3), said).partings == []


def test_a_vote_without_ballots_has_no_picture():
    found = results_of(contenders(2), [])
    assert picture_of(found.standings) is None and found.people == [] and found.alpha is None


def test_the_picture_has_what_the_table_has():
    found = results_of(contenders(2), verdicts((0, 1, Outcome.FIRST, 9), (0, 1, Outcome.SECOND, 3)), measure(0.2, 0.6))
    picture = picture_of(found.standings)
    first, second = picture.rows
    axis = picture.strength.axis
    assert first.standing.strength == found.standings[0].strength and isinstance(first.standing.strength, Strength)
    assert first.strength.at == axis.place(first.standing.strength.value)
    assert first.strength.low < first.strength.at < first.strength.high
    assert picture.strength.zero == axis.place(0.0) and second.strength.at < picture.strength.zero < first.strength.at
    # The reward has them the other way round.
    assert first.reward.at < second.reward.at and first.reward.low is None


@pytest.mark.django_db
def test_a_vote_from_ballots_to_strengths(lab, django_assert_max_num_queries):
    run = add_run(lab.experiment)
    vote = add_vote(lab, run, seeds=(1, 2, 3))
    other = create_user("ann@example.org", "a long one, for tests")
    set_role(lab.team, other, "viewer")
    judge(lab.viewer, vote, 9, iteration=40)
    judge(other, vote, 4, iteration=0)
    add_evaluation(run, 0, 0.4)
    add_evaluation(run, 40, 0.7)
    with django_assert_max_num_queries(6):
        policies = contenders_of(vote)
        measures = read_measures(lab.viewer, vote, policies)
        found = results_of(policies, read_verdicts(vote), measures[0])
    trained, base = found.standings
    assert (trained.rate, base.rate) == (Rate(9, 4, 0, 0), Rate(4, 9, 0, 0))
    assert [person.name for person in found.people] == [lab.viewer.email, other.email]
    assert [(person.num, person.rates[0].mean, person.agreement.num) for person in found.people] == [
        (9, 1.0, 4),
        (4, 0.0, 4),
    ]
    assert (found.agreement.num, found.agreement.num_same) == (4, 0) and found.alpha < 0
    assert [one.key for one in measures] == [
        "pictures/quality", "evaluation/sandbox:in_domain/sandbox_soft_tifa",
    ]  # fmt: skip
    assert (trained.measured.mean, base.measured.mean) == (pytest.approx(0.4), 0.0)
    assert measures[1].by_place[1] == Measured(0.7, pytest.approx(0.68), pytest.approx(0.72))


@pytest.mark.django_db
def test_rewards_are_of_the_pictures_that_people_saw_and_by_prompt(lab):
    run = add_run(lab.experiment)
    vote = add_vote(lab, run, prompts=("one", "two"), seeds=(1, 2))
    assert read_measures(lab.viewer, vote, contenders_of(vote)) == []
    for drawing in Drawing.objects.filter(run=run):
        score = {"one": 0.0, "two": 1.0}[drawing.prompt] + drawing.seed
        Drawing.objects.filter(id=drawing.id).update(rewards={"quality": score, "broken": "nan"})
    judge(lab.viewer, vote, 4)
    (found,) = read_measures(lab.viewer, vote, contenders_of(vote))
    # Prompt means of 1.5 and 2.5; Student's t of one degree of freedom is 12.706.
    assert found.by_place[0] == Measured(
        2.0, pytest.approx(2 - 12.706 * 0.5, abs=1e-3), pytest.approx(2 + 6.353, abs=1e-3)
    )


@pytest.mark.django_db
def test_what_somebody_said_stays_when_their_account_goes(lab):
    vote = add_vote(lab)
    judge(lab.viewer, vote, 2)
    services.issue(lab.viewer, vote)
    lab.viewer.delete()
    found = results_of(contenders_of(vote), read_verdicts(vote))
    assert [(person.name, person.num) for person in found.people] == [(None, 2)]
