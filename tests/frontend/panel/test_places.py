"""Where points stand across, and on which axes: numbers in, numbers out."""

import json

import pytest

RUN = {
    "samples": {"start": 10, "before": 100, "each": 8},
    "clock": {"iteration": [12, 14], "hours": [1.0, 3.0]},
}


def places(scripts, axis: str, iterations: list[int], run: dict = RUN) -> list:
    points = json.dumps({"iteration": iterations, "step": [7 for _ in iterations]})
    return scripts("places", f"m.placesOf({json.dumps(run)}, '{axis}', {points})")


def test_iterations_and_steps_stand_where_they_are(scripts):
    assert places(scripts, "iteration", [1, 2]) == [1, 2]
    assert places(scripts, "step", [1, 2]) == [7, 7]


def test_a_run_from_a_checkpoint_goes_on_from_what_that_had_seen(scripts):
    assert places(scripts, "samples", [0, 5, 10, 11, 20]) == [0, 50, 100, 108, 180]


def test_hours_lie_between_the_known_ones_and_are_unknown_beyond(scripts):
    assert places(scripts, "hours", [0, 10, 11, 12, 13, 14, 15]) == [0, 0, 0.5, 1, 2, 3, None]
    assert places(scripts, "hours", [11], RUN | {"clock": None}) == [None]


def test_the_hours_of_seeds_are_their_mean_as_far_as_they_have_come(scripts):
    series = {"kl": {"iteration": [1, 2], "step": [1, 2], "value": [0.0, 0.0]}}
    about = {"group": "g", "evaluations": [], "series": series, "samples": {"start": 0, "before": 0, "each": 1}}
    runs = [
        about | {"name": f"seed {number}", "index": number, "clock": {"iteration": [1, 2][:length], "hours": hours}}
        for number, (length, hours) in enumerate([(2, [1.0, 2.0]), (1, [3.0])])
    ]
    (mean,) = scripts("seeds", f"m.meanOverSeeds({json.dumps(runs)}, ['kl'], 0)")
    assert mean["clock"] == {"iteration": [1, 2], "hours": [2, 2]}


@pytest.mark.parametrize(
    ("choice", "key", "values", "expected"),
    [
        ("", "kl/old_mean", [1.0], False),
        ("kl", "kl/old_mean", [1.0], True),
        ("kl", "reward/mean", [1.0], False),
        ("all", "reward/mean", [0.0, 1.0], True),
        ("all", "reward/mean", [-1.0, 1.0], False),
    ],
)
def test_what_goes_below_zero_has_no_logarithm(scripts, choice, key, values, expected):
    runs = json.dumps([{"series": {key: {"value": values}}}, {"series": {}}])
    assert scripts("logs", f"m.isLogarithmic('{choice}', '{key}', {runs})") is expected


def test_zooms_are_read_as_they_were_written(scripts):
    said = scripts(
        "zooms",
        """(() => {
            const said = [];
            const zooms = new m.Zooms("reward/mean*5*10**,broken*1,score*a*b*1*2", (text) => said.push(text));
            const known = ["reward/mean", "broken", "score"].map((chart) => zooms.of(chart));
            zooms.set("frontier", {x: null, y: [0.123456789, 2]});
            zooms.clear("reward/mean");
            zooms.clear("score");
            zooms.clear("frontier");
            zooms.clear("frontier");
            return [known, said];
        })()""",
    )
    nothing = {"x": None, "y": None}
    assert said[0] == [{"x": [5, 10], "y": None}, nothing, {"x": None, "y": [1, 2]}]
    assert said[1] == [
        "reward/mean*5*10**,score***1*2,frontier***0.123457*2",
        "score***1*2,frontier***0.123457*2",
        "frontier***0.123457*2",
        None,
    ]


def test_small_multiples_share_their_axes_and_fill_their_rows(scripts):
    panels = json.dumps([{"title": "a < b" if i else "x" * 99, "traces": [{"x": [i]}]} for i in range(5)])
    figure = scripts("multiples", f"m.layOut({panels}, 400)")
    axes = figure["axes"]
    assert [trace["xaxis"] for trace in figure["traces"]] == ["x", "x2", "x3", "x4", "x5"]
    assert {axes[f"{name}axis{n}"]["matches"] for name in "xy" for n in range(2, 6)} == {"x", "y"}
    assert [axes[f"yaxis{n}"]["showticklabels"] for n in ("", 2, 3, 4, 5)] == [True, False, True, False, True]
    assert [axes[f"xaxis{n}"]["showticklabels"] for n in ("", 2, 3, 4, 5)] == [False, False, False, True, True]
    assert figure["annotations"][1]["text"] == "a &lt; b"
    assert len(figure["annotations"][0]["text"]) < 40 and figure["annotations"][0]["hovertext"] == "x" * 99
    assert axes["yaxis"]["domain"][0] > axes["yaxis3"]["domain"][1]
    assert axes["xaxis"]["domain"][1] < axes["xaxis2"]["domain"][0]
    assert scripts("multiples", "[m.numColumns(100, 9), m.numColumns(1000, 3)]") == [1, 3]
