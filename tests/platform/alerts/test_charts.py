"""The pictures on an alert's page: where things are drawn."""

import pytest

from alerts import charts
from alerts.charts import Points, draw, nice_steps
from alerts.models import Alert, Kind
from tests.platform.alerts.watched_run import PROMPTS, QUALITY


def test_a_line_goes_from_corner_to_corner():
    picture = draw(Points("Reward", [0, 5, 10], [0.0, 0.5, 1.0]), {"now": 10})
    (left, low), (middle, half), (right, high) = (map(float, at.split(",")) for at in picture.line.split())
    assert (left, right) == (picture.left, picture.right) and middle == (left + right) / 2
    assert low > half > high and half == pytest.approx((low + high) / 2, abs=0.1)
    assert picture.moments == {"now": picture.right}
    assert picture.words == "Reward: 0 at iteration 0, 1 at iteration 10"


def test_a_moment_past_the_curve_is_inside_the_picture():
    picture = draw(Points("Reward", [0, 5], [1.0, 2.0]), {"now": 10, "then": 5})
    assert picture.moments["now"] == picture.right
    assert picture.line.split()[-1].startswith(f"{picture.moments['then']},")


@pytest.mark.parametrize("value", [0.0, 0.5, -3.0])
def test_a_flat_line_is_drawn_in_the_middle(value):
    picture = draw(Points("Reward", [1, 2], [value, value]), {})
    height = float(picture.line.split(",")[-1])
    assert height == pytest.approx((picture.top + picture.bottom) / 2, abs=0.1)


def test_one_evaluation_is_a_dot_with_its_interval():
    picture = draw(Points("Score", [30], [50.0], [48.0], [53.0]), {"now": 30})
    ((x, low, high),) = picture.bars
    assert picture.dots[0][0] == x and low > picture.dots[0][1] > high


@pytest.mark.parametrize(
    "low, high, steps",
    [
        (0, 1, [0, 0.5, 1]),
        (0, 100, [0, 50, 100]),
        (1, 120, [50, 100]),
        (0.47, 0.68, [0.5, 0.6]),
        (-2e-7, 2e-7, [-2e-7, -1e-7, 0, 1e-7, 2e-7]),
    ],
)
def test_ticks_are_round_numbers(low, high, steps):
    assert nice_steps(low, high) == pytest.approx(steps)


def test_an_alert_shows_its_metric_and_its_score_with_the_moments(watched):
    watched.hack()
    alert = Alert(
        run=watched.run,
        kind=Kind.REWARD_HACKING,
        iteration=60,
        since=30,
        curves=["reward/mean", "no/such", ["sandbox:in_domain", QUALITY]],
    )
    reward, quality = charts.pictures_of(alert)
    assert (reward.title, quality.title) == ("Reward", f"{QUALITY} on sandbox:in_domain")
    assert len(reward.line.split()) == 60 and len(quality.dots) == 3
    assert set(reward.moments) == {"now", "then"}
    assert f"{PROMPTS.mean() - 20:.4g} at iteration 60" in quality.words
