"""What an address asks of the wall, and what it is told where it asks for nothing that there is."""

import math
import uuid

import pytest

from pictures.policies import PolicyRef
from pictures.wall_questions import ALL, DRAWN, MOST_RANGES, MOST_RUNS, Question, Range, parse_question

RUN = uuid.uuid4()


def test_an_empty_address_asks_for_the_latest_of_everything():
    question = parse_question({})
    assert question == Question()
    assert question.kinds == ("fixed", "rollout", "drawn")


def test_everything_stands_in_the_address():
    question = parse_question(
        {
            "runs": f"{RUN},{RUN},",
            "policies": f"{RUN}@40,{RUN}@0",
            "step": "40",
            "kind": DRAWN,
            "q": " red cube ",
            "seed": "7",
            "min.reward/pick.score": "0.25",
            "max.reward/pick.score": "1e1",
            "max.kl": "-2",
            "sort": "-reward/pick.score",
            "open": "s1",
            "group": "3",
            "min.advantage": "",
        }  # fmt: skip
    )
    assert question == Question(
        runs=(RUN,),
        policies=(PolicyRef(RUN, 40), PolicyRef(RUN, 0)),
        step=40,
        kind=DRAWN,
        text="red cube",
        seed=7,
        group=3,
        ranges=(Range("reward/pick.score", 0.25, 10.0), Range("kl", -math.inf, -2.0)),
        sort="reward/pick.score",
        descending=True,
    )


def test_groups_are_of_what_training_drew():
    assert parse_question({"view": "groups", "step": "all"}) == Question(as_groups=True, step=ALL)
    assert parse_question({"view": "groups", "kind": "fixed"}).kinds == ("rollout",)


def test_what_training_drew_is_not_of_the_policy_that_came_of_it_but_can_be_asked_for():
    assert parse_question({"policies": f"{RUN}@40"}).kinds == ("fixed", "drawn")
    assert parse_question({"policies": f"{RUN}@40", "kind": "rollout"}).kinds == ("rollout",)


@pytest.mark.parametrize("step", ["", "latest"])
def test_the_latest_is_meant_where_no_step_is(step):
    assert parse_question({"step": step}).step is None


@pytest.mark.parametrize(
    ("entry", "value", "told"),
    [
        ("runs", "7", "runs = '7' is no run's id"),
        ("runs", ",".join(str(uuid.uuid4()) for _ in range(MOST_RUNS + 1)), "at most 50"),
        ("policies", f"{RUN}@x", "names no policy"),
        ("step", "-1", "step = '-1' is no such number"),
        ("step", "9" * 30, "step = '999"),
        ("seed", "x", "seed = 'x' is no such number"),
        ("group", "1.5", "group = '1.5'"),
        ("kind", "other", "give fixed or rollout or drawn"),
        ("view", "rows", "view = 'rows' is not known"),
        ("q", "x" * 1001, "longer than 1000"),
        ("q", "a\0b", "that no prompt has"),
        ("min.kl", "nan", "min.kl = 'nan' is no number"),
        ("max.kl", "much", "max.kl = 'much' is no number"),
        ("min.size", "1", "'size' is no quantity"),
        ("sort", "-reward/", "'reward/' is no quantity"),
        ("sort", "reward/a\0b", "is no quantity"),
        ("sort", "-created", "'created' is no quantity"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_its_entry(entry, value, told):
    with pytest.raises(ValueError, match=r".") as refused:
        parse_question({entry: value})
    assert told in str(refused.value) and len(str(refused.value)) < 200


def test_there_is_an_end_to_ranges():
    ranges = {f"min.reward/{number}": "1" for number in range(MOST_RANGES + 1)}
    with pytest.raises(ValueError, match="21 ranges are too many"):
        parse_question(ranges)
