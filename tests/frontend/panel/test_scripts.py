"""The panel's modules without a page: numbers in, numbers out."""

import json

import pytest
from scipy import stats


def answer(iterations: list[int], *, reset: bool = False, samples: tuple[int, ...] = (), live: bool = True) -> str:
    columns = {"iteration": iterations, "step": [2 * i for i in iterations], "value": [i / 10 for i in iterations]}
    run = {
        "id": "run",
        "reset": reset,
        "series": {"reward/mean": columns} if iterations else {},
        "evaluations": [],
        "sample_iterations": list(samples),
    }
    return json.dumps({"cursor": "", "live": live, "runs": [run]})


def test_the_store_joins_what_comes_and_forgets_what_is_void(scripts):
    lives = scripts(
        "store",
        f"""(() => {{
            const store = new m.Store();
            const seen = [];
            const take = (answer, fresh) => {{
                store.take(answer, fresh);
                const [run] = store.runs;
                seen.push([run.series["reward/mean"].iteration, run.sampleIterations, run.life]);
            }};
            take({answer([1, 2], reset=True, samples=(0,))}, true);
            take({answer([3], samples=(2, 0))}, false);
            take({answer([])}, false);
            take({answer([1], reset=True)}, false);
            return seen;
        }})()""",
    )
    assert lives == [[[1, 2], [0], 1], [[1, 2, 3], [0, 2], 1], [[1, 2, 3], [0, 2], 1], [[1], [], 2]]


def test_smoothing_starts_at_the_first_value_and_lags(scripts):
    assert scripts("smoothing", "m.smooth([1, 1, 3], 0.5)") == [1, 1, (0.25 * 1 + 0.5 * 1 + 1 * 3) / 1.75]
    assert scripts("smoothing", "m.smooth([1, 2], 0)") == [1, 2]


def test_names_lose_what_all_of_them_share(scripts):
    names = '["sandbox_soft_tifa", "sandbox_picture_quality"]'
    assert scripts("names", f"Object.fromEntries(m.shortNames({names}))") == {
        "sandbox_soft_tifa": "soft tifa",
        "sandbox_picture_quality": "picture quality",
    }
    assert scripts("names", 'Object.fromEntries(m.shortNames(["sandbox_soft_tifa"]))') == {
        "sandbox_soft_tifa": "sandbox soft tifa"
    }
    assert scripts("names", 'Object.fromEntries(m.shortNames(["clip", "clip_b"]))') == {
        "clip": "clip",
        "clip_b": "clip b",
    }


def test_prompt_sets_and_numbers_are_short(scripts):
    named = '["sandbox:in_domain", "sets/hard.txt", "prompts/cats-v2.0123456789abcdef.jsonl"].map(m.nameOfPromptSet)'
    assert scripts("names", named) == ["in domain", "hard", "cats-v2"]
    numbers = scripts("names", "[0, 0.5, 98, 12.34, 4321, 1234567, 0.00012, null].map(m.formatNumber)")
    assert numbers == ["0.00", "0.50", "98.0", "12.3", "4321", "1.2e+6", "1.2e-4", "none"]


def test_scores_are_drawn_by_run_and_prompt_set_with_their_intervals(scripts):
    row = {"iteration": 10, "step": 20, "prompt_set": "a", "kl": 0.5, "scores": {"s": [0.5, 0.4, 0.7]}}
    run = {"index": 0, "name": "run", "evaluations": [row, row | {"iteration": 0, "step": 0, "kl": None}]}
    arguments = f"[{json.dumps(run)}], ['a', 'b'], 's'"
    (line,) = scripts("traces", f"m.scoreTraces({arguments}, {{x: 'step'}}, {{ofRun: () => 'red'}})")
    assert (line["x"], line["y"], line["name"]) == ([0, 20], [0.5, 0.5], "run, a")
    assert line["error_y"]["array"] == pytest.approx([0.2, 0.2])
    assert line["error_y"]["arrayminus"] == pytest.approx([0.1, 0.1])
    (frontier,) = scripts("traces", f"m.frontierTraces({arguments}, {{ofRun: () => 'red'}})")
    assert (frontier["x"], frontier["y"]) == ([0.5], [0.5])


def test_lost_attempts_are_dashed_and_only_those_of_shown_runs(scripts):
    series = {"kl": {"iteration": [1, 2], "step": [2, 4], "value": [0.1, 0.2]}}
    lost = json.dumps({"a": [{"number": 1, "outcome": "lost", "series": series}], "b": []})
    runs = json.dumps([{"id": "a", "index": 0, "name": "run"}, {"id": "b", "index": 1, "name": "other"}])
    view = "{x: 'step', smooth: 0}"
    (line,) = scripts("traces", f"m.lostTraces({runs}, {lost}, 'kl', {view}, {{ofRun: () => 'red'}})")
    assert (line["x"], line["y"], line["line"]["dash"]) == ([2, 4], [0.1, 0.2], "dash")
    assert line["name"] == "run, attempt 1, lost"
    assert scripts("traces", f"m.lostTraces({runs}, {lost}, 'reward', {view}, {{ofRun: () => 'red'}})") == []
    assert scripts("traces", f"m.lostTraces({runs}, {{}}, 'kl', {view}, {{ofRun: () => 'red'}})") == []


def seeds(curves: dict[str, dict[int, float]], **about) -> str:
    """Runs of one group, by name, each with a curve by iteration."""
    runs = [
        {
            "name": name,
            "index": index,
            "group": "g",
            "evaluations": [],
            "series": {"kl": {"iteration": [*curve], "step": [2 * i for i in curve], "value": [*curve.values()]}},
            **about,
        }
        for index, (name, curve) in enumerate(curves.items())
    ]
    return json.dumps(runs)


def test_the_mean_over_seeds_is_students_at_the_iterations_that_two_have_come_to(scripts):
    runs = seeds({"lr 1, seed 0": {1: 1.0, 2: 2.0, 3: 9.0}, "lr 1, seed 1": {1: 3.0, 2: 2.0}})
    (group,) = scripts("seeds", f"m.meanOverSeeds({runs}, ['kl', 'reward'], 0)")
    curve = group["series"]["kl"]
    assert (curve["iteration"], curve["step"], curve["value"], curve["num"]) == ([1, 2], [2, 4], [2, 2], [2, 2])
    assert curve["half"] == pytest.approx([12.706 * 1.0, 0.0], rel=1e-3)
    assert (group["name"], group["isMean"], list(group["series"])) == ("lr 1 (2 seeds)", True, ["kl"])


def test_quantiles_are_students(scripts):
    halves = scripts("seeds", "[3, 10, 60].map((num) => m.estimate([...Array(num).keys()]).half)")
    expected = [stats.t.ppf(0.975, num - 1) * stats.sem(range(num)) for num in (3, 10, 60)]
    assert halves == pytest.approx(expected, rel=1e-3)


def test_long_curves_meet_in_stretches_of_iterations(scripts):
    ones = {name: {i: float(offset) for i in range(offset, 3001, 5)} for offset, name in enumerate(("a 1", "a 2"), 1)}
    (group,) = scripts("seeds", f"m.meanOverSeeds({seeds(ones)}, ['kl'], 0)")
    curve = group["series"]["kl"]
    assert len(curve["value"]) == 150 and set(curve["value"]) == {1.5} and set(curve["num"]) == {2}


def test_each_seed_is_smoothed_for_itself(scripts):
    runs = seeds({"a": {1: 0.0, 2: 4.0}, "b": {1: 0.0, 2: 4.0}})
    (group,) = scripts("seeds", f"m.meanOverSeeds({runs}, ['kl'], 0.5)")
    assert group["series"]["kl"]["value"] == pytest.approx([0.0, 4.0 * 0.5 / 0.75])
    assert group["series"]["kl"]["half"] == [0, 0]


def test_scores_over_seeds_have_the_interval_over_seeds(scripts):
    row = {"iteration": 10, "step": 20, "prompt_set": "a", "kl": 0.5}
    runs = json.loads(seeds({"a": {1: 0.0}, "b": {1: 0.0}}))
    runs[0]["evaluations"] = [row | {"scores": {"s": [1.0, 0.9, 1.1]}}]
    runs[1]["evaluations"] = [
        row | {"scores": {"s": [3.0, 2.9, 3.1]}, "kl": 1.5},
        row | {"iteration": 20, "scores": {}},
    ]
    (group,) = scripts("seeds", f"m.meanOverSeeds({json.dumps(runs)}, [], 0)")
    first, second = group["evaluations"]
    assert first["scores"]["s"] == pytest.approx([2.0, 2.0 - 12.706, 2.0 + 12.706], rel=1e-3)
    assert (first["kl"], second["scores"]) == (1.0, {})


def test_a_run_alone_is_drawn_as_it_is_and_a_group_has_one_colour(scripts):
    runs = json.loads(seeds({"a": {1: 0.0}, "b": {1: 0.0}}))
    runs[1]["group"] = "other"
    drawn = scripts("seeds", f"m.meanOverSeeds({json.dumps(runs)}, ['kl'], 0)")
    assert [run["name"] for run in drawn] == ["a", "b"] and "isMean" not in drawn[0]
    same = scripts("seeds", f"m.withGroupColors({seeds({'a': {}, 'b': {}})}).map((run) => run.index)")
    assert same == [0, 0]


def test_a_group_is_named_by_what_its_runs_share(scripts):
    names = '[["lr 1, seed 0", "lr 1, seed 1"], ["First light", "First light 2"], ["a", "b"], ["Seed 1", "Seed 2"]]'
    assert scripts("seeds", f"{names}.map(m.sharedName)") == ["lr 1", "First light", "a", "Seed 1"]
    # Seeds 11 and 12 do not share the seed 1.
    names = '[["wide, seed 11", "wide, seed 12"], ["lr 10 a", "lr 10 b"]]'
    assert scripts("seeds", f"{names}.map(m.sharedName)") == ["wide", "lr 10"]


def test_the_mean_is_drawn_in_its_band(scripts):
    curve = {"iteration": [1, 2], "step": [2, 4], "value": [1.0, 2.0], "half": [0.5, 0.25], "num": [2, 2]}
    run = json.dumps({"index": 0, "name": "lr 1 (2 seeds)", "isMean": True, "series": {"kl": curve}})
    view = "{x: 'step', smooth: 0.9}"
    low, high, mean = scripts("traces", f"m.curveTraces([{run}], 'kl', {view}, {{ofRun: () => '#112233'}})")
    assert (low["y"], high["y"], mean["y"], mean["x"]) == ([0.5, 1.75], [1.5, 2.25], [1.0, 2.0], [2, 4])
    assert (high["fill"], high["fillcolor"]) == ("tonexty", "#1122332e")
    assert mean["customdata"] == [[2, 0.5], [2, 0.25]]
