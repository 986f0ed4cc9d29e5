"""The frontier's arithmetic: which points are unbeaten, means over seeds, and what is drawn of them."""

import json

import numpy as np
import pytest

AXES = {"across": {"title": "KL"}, "up": {"title": "Score"}}


def runs_of(points: list[tuple[float, float]]) -> str:
    """Two runs that share these points."""
    made = [{"iteration": n, "x": [x], "y": [y], "policies": [f"r@{n}"]} for n, (x, y) in enumerate(points)]
    return json.dumps([{"name": "a", "points": made[::2]}, {"name": "b", "points": made[1::2]}])


@pytest.mark.parametrize(("better_x", "better_y"), [(-1, 1), (1, 1), (1, -1), (-1, -1)])
def test_the_edge_is_what_no_other_point_beats(scripts, better_x, better_y):
    points = np.random.default_rng(0).integers(0, 12, (60, 2)).astype(float)
    signed = points * [better_x, better_y]
    beaten = [((signed >= one).all(1) & (signed > one).any(1)).any() for one in signed]
    expected = {tuple(point) for point, is_beaten in zip(points, beaten, strict=True) if not is_beaten}
    edge = scripts("edge", f"m.edgeOf({runs_of(points.tolist())}, {better_x}, {better_y})")
    found = [(one["point"]["x"][0], one["point"]["y"][0]) for one in edge]
    assert set(found) == expected and len(found) == len(expected)
    assert found == sorted(found)


def test_where_no_way_is_better_there_is_no_edge(scripts):
    assert scripts("edge", f"m.edgeOf({runs_of([(1, 1), (2, 2)])}, 0, 1)") == []


def test_the_mean_over_seeds_stands_at_each_iteration_that_two_have_come_to(scripts):
    points = [{"iteration": 10, "x": [1.0], "y": [3.0, 2.0, 4.0]}, {"iteration": 20, "x": [2.0], "y": [9.0]}]
    seeds = [
        {
            "group": "g",
            "name": f"lr 1, seed {n}",
            "points": [p | {"policies": [f"{n}@{p['iteration']}"]} for p in some],
        }
        for n, some in enumerate([points, [points[0] | {"x": [3.0], "y": [5.0]}]])
    ]
    alone = {"group": "h", "name": "alone", "points": []}
    mean, same = scripts("frontier-traces", f"m.meanPoints({json.dumps([*seeds, alone])})")
    (point,) = mean["points"]
    assert (mean["name"], point["num"], point["policies"]) == ("lr 1 (2 seeds)", 2, ["0@10", "1@10"])
    # Student's t with one degree of freedom; both standard errors are 1.
    assert point["x"] == pytest.approx([2, 2 - 12.706, 2 + 12.706], rel=1e-4)
    assert point["y"] == pytest.approx([4, 4 - 12.706, 4 + 12.706], rel=1e-4)
    assert same == alone


def test_points_are_drawn_along_the_iterations_with_their_intervals_on_demand(scripts):
    points = [
        {"iteration": 20, "x": [2.0], "y": [0.6, 0.5, 0.8], "policies": ["r@20"]},
        {"iteration": 0, "x": [0.0], "y": [0.4], "policies": ["r@0"]},
    ]
    run = {"index": 0, "name": "run", "points": points}
    edge = [{"run": run, "point": point} for point in reversed(points)]

    def draw(intervals: bool) -> list[dict]:
        about = json.dumps(AXES | {"intervals": intervals})[:-1] + ", colors: {ofRun: () => 'red', text: 'black'}}"
        return scripts("frontier-traces", f"m.pointTraces([{json.dumps(run)}], {json.dumps(edge)}, {about})")

    line, unbeaten = draw(False)
    assert (line["x"], line["y"], line["customdata"]) == ([0, 2], [0.4, 0.6], [["r@0"], ["r@20"]])
    assert line["text"][0] == "base model<br>Score: 0.4<br>KL: 0"
    assert line["text"][1] == "iteration 20<br>Score: 0.6 (0.5 to 0.8)<br>KL: 2"
    assert "error_y" not in line and (unbeaten["x"], unbeaten["y"]) == ([0, 2], [0.4, 0.6])
    bars = draw(True)[0]["error_y"]
    assert bars["array"] == pytest.approx([0, 0.2]) and bars["arrayminus"] == pytest.approx([0, 0.1])


def test_the_pictures_of_several_seeds_are_asked_for_together(scripts):
    assert scripts("samples-link", "m.samplesLink({policies: ['a@1', 'b@1']})") == "/samples/?policies=a@1,b@1"
