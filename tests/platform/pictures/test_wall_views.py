"""The wall as a page and as JSON: nothing of another team, and no more queries for more pictures."""

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pictures.walls import PAGE
from tests.platform.lab import add_group, add_run, add_sample
from tests.platform.pictures.easel import add_drawing


@pytest.fixture
def run(lab):
    return add_run(lab.experiment, "one")


def wall_of(response) -> dict:
    return json.loads(re.search(r'<script id="wall-data" type="application/json">(.*?)</script>', response.text)[1])


def tiles(client, **query) -> dict:
    return client.get(reverse("samples_tiles"), query).json()


def test_the_page_brings_its_first_tiles_with_all_that_is_known_of_them(member, run):
    about = {"prompt": "two </script> cubes", "rewards": {"pick": 0.5}, "seed": 7}
    (sample,) = add_group(run, 5, [1.25], group=3, kl=0.125, **about)
    drawing = add_drawing(run, 5, prompt_set="mine", path="drawings/a.webp", kl=0.5)
    response = member.get(reverse("samples"), {"runs": str(run.id)})
    wall = wall_of(response)
    assert wall["runs"] == [{"id": str(run.id), "name": "one", "url": f"/runs/{run.id}/"}]
    assert (wall["steps"], wall["step"], wall["total"], wall["next"]) == ([5], 5, 2, "")
    assert (wall["rewards"], wall["opened"]) == ({"pick": [0.5, 0.5]}, None)
    of_training, drawn = wall["tiles"]
    assert of_training == {
        "ref": f"s{sample.id}", "run": str(run.id), "run_name": "one", "run_url": f"/runs/{run.id}/", "iteration": 5,
        "step": 10, "kind": "rollout", "group": 3, "advantage": 1.25, "kl": 0.125, "is_video": False, **about,
        "picture": f"/media/samples/{sample.id}/", "thumbnail": f"/media/samples/{sample.id}/thumb/",
    }  # fmt: skip
    assert {name: drawn[name] for name in ("ref", "kind", "kl", "is_video", "prompt_set", "num_steps")} == {
        "ref": f"d{drawing.id}", "kind": "drawn", "kl": 0.5, "is_video": True, "prompt_set": "mine", "num_steps": 8,
    }  # fmt: skip
    assert f'value="{run.id}" checked' in response.text


def test_an_open_picture_comes_along_wherever_it_is_on_the_wall(member, run):
    old = add_sample(run, 0)
    add_sample(run, 5)
    opened = wall_of(member.get(reverse("samples"), {"runs": str(run.id), "open": f"s{old.id}"}))["opened"]
    assert (opened["ref"], opened["run_name"]) == (f"s{old.id}", "one")
    assert wall_of(member.get(reverse("samples"), {"open": "s999999"}))["opened"] is None


def test_further_pages_bring_tiles_alone(member, run):
    for number in range(PAGE + 1):
        add_sample(run, 5, index=number)
    first = tiles(member, runs=run.id)
    rest = tiles(member, runs=run.id, place=first["next"])
    assert (len(first["tiles"]), first["total"], len(rest["tiles"]), rest["next"]) == (PAGE, PAGE + 1, 1, "")
    assert sorted(rest) == ["next", "tiles"]


def test_what_came_since_is_counted_as_the_question_asks(member, run):
    add_sample(run, 5, prompt="red")
    first = tiles(member, runs=run.id)
    assert first["live"] and tiles(member, runs=run.id, seen=first["seen"]) == {
        "live": True, "steps": [5], "num_new": 0
    }  # fmt: skip
    add_sample(run, 10, prompt="red", index=1)
    add_sample(run, 10, prompt="blue", index=2)
    add_drawing(run, 10, prompt="red")
    stranger = add_run(run.experiment, "other")
    add_sample(stranger, 10)

    def num_new(**query) -> int:
        return tiles(member, runs=run.id, seen=first["seen"], **query)["num_new"]

    assert (num_new(), num_new(step="all"), num_new(step=5), num_new(q="red"), num_new(kind="drawn")) == (
        3,
        3,
        0,
        2,
        1,
    )
    assert tiles(member, runs=run.id, seen=first["seen"])["steps"] == [5, 10]
    seen = tiles(member, runs=run.id)["seen"]
    assert tiles(member, runs=run.id, seen=seen)["num_new"] == 0


def test_a_wall_of_runs_that_ended_is_not_live(member, run):
    run.state = "finished"
    run.save()
    add_sample(run, 5)
    assert tiles(member, runs=run.id)["live"] is False
    answer = member.get(reverse("samples_tiles"), {"runs": run.id, "seen": "s1;"})
    assert (answer.status_code, "seen = 's1;' is none of ours" in answer.json()["error"]) == (400, True)


def test_a_bad_address_is_told_and_the_newest_pictures_shown(member, run):
    sample = add_sample(run, 5)
    page = member.get(reverse("samples"), {"min.kl": "much"})
    assert (page.status_code, "min.kl = &#x27;much&#x27; is no number" in page.text) == (400, True)
    assert [tile["ref"] for tile in wall_of(page)["tiles"]] == [f"s{sample.id}"]
    assert member.get(reverse("samples"), {"open": "x12"}).status_code == 400
    answer = member.get(reverse("samples_tiles"), {"sort": "size"})
    assert (answer.status_code, "is no quantity" in answer.json()["error"]) == (400, True)


def test_picked_runs_take_the_place_of_those_in_the_address(member, run):
    other = add_run(run.experiment, "other")
    query = {"run": [run.id, other.id], "policies": f"{run.id}@4", "find": "x", "sort": "-reward/a", "open": "s1"}
    response = member.get(reverse("samples"), query)
    assert response["Location"] == f"/samples/?sort=-reward/a&runs={run.id},{other.id}"


def test_before_there_is_a_picture_the_page_says_when_one_comes(member):
    page = member.get(reverse("samples"))
    assert (page.status_code, wall_of(page)["runs"], wall_of(page)["tiles"]) == (200, [], [])


def test_a_stranger_sees_nothing_of_it(as_person, lab, run):
    sample = add_sample(run, 5)
    stranger = as_person(lab.stranger)
    for query in ({"runs": str(run.id)}, {"policies": f"{run.id}@5"}, {"open": f"s{sample.id}"}):
        page = stranger.get(reverse("samples"), query)
        wall = wall_of(page)
        assert (wall["tiles"], wall["runs"], wall["opened"], wall["steps"]) == ([], [], None, [])
        assert "one" not in {one["name"] for one in wall["runs"]}
    assert tiles(stranger, runs=run.id)["tiles"] == []


def test_more_pictures_and_runs_ask_no_more_of_the_database(member, lab, run):
    def num_queries() -> list[int]:
        counts = []
        for name in ("samples", "samples_tiles"):
            with CaptureQueriesContext(connection) as asked:
                member.get(reverse(name))
            counts.append(len(asked))
        return counts

    add_sample(run, 5)
    add_drawing(run, 5)
    few = num_queries()
    for number in range(20):
        other = add_run(lab.experiment, f"run {number}")
        add_sample(other, 5)
        add_drawing(other, 5)
        add_group(other, 5, [1.0, -1.0])
    assert num_queries() == few and max(few) < 20
