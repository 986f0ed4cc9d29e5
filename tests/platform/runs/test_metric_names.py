"""Every metric of docs/metrics.md has a title, and the panel begins with few of them."""

import re
from pathlib import Path

from runs.metric_names import TITLES, shown_first, title_of

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
DOCUMENTED = re.findall(r"^\| `([^`]+)` \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_every_documented_metric_has_a_title_in_words():
    titles = [title_of(key) for key in DOCUMENTED]
    assert len(set(titles)) == len(titles)
    assert not [title for title in titles if "_" in title or "/" in title]


def test_every_title_is_of_a_documented_metric():
    assert set(TITLES) <= set(DOCUMENTED)


def test_rewards_and_other_families_are_named_by_their_key():
    assert title_of("reward/clip_score") == "Reward: clip score"
    assert title_of("reward/clip_score_std") == "Reward: clip score, spread"
    assert title_of("time/reward/clip_score_seconds") == "Seconds: reward clip score"
    assert title_of("would_block/ratio_clip") == "Would be blocked by: ratio clip"


def test_the_parts_of_a_reward_are_drawn_first_without_their_spread():
    keys = ["reward/mean", "reward/std", "reward/a", "reward/a_std", "kl/reference_nats", "ratio/std", "ratio/max"]
    assert shown_first(keys) == ["reward/mean", "kl/reference_nats", "reward/a", "ratio/std"]


def test_a_run_without_a_kl_shows_how_far_its_velocity_is():
    keys = ["reward/mean", "velocity/reference_distance", "velocity/old_distance"]
    assert shown_first(keys) == ["reward/mean", "velocity/reference_distance"]
