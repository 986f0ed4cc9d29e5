"""What a shared run's configuration hides, and what it leaves."""

import pytest

from sharing.shared_runs import HIDDEN, PRIVATE, panel_of, public_config
from tests.platform.lab import CONFIG, add_run

CASES = [
    ("url: http://gpu-7.lan:8000/score", f"url: {HIDDEN}"),
    ("url: 'https://user:word@host/v1'", f"url: '{HIDDEN}'"),
    ("path: s3://bucket/prompts.txt", f"path: {HIDDEN}"),
    ("entity: alice@example.org", f"entity: {HIDDEN}"),
    ("path: /home/alice/cats.txt", f"path: /home/{HIDDEN}/cats.txt"),
    ("path: /Users/alice/cats.txt", f"path: /Users/{HIDDEN}/cats.txt"),
    ("threshold: {value: 0.02, scale: nats}", "threshold: {value: 0.02, scale: nats}"),
    ("set: sandbox:in_domain", "set: sandbox:in_domain"),
    ("path: stabilityai/stable-diffusion-3.5-medium", "path: stabilityai/stable-diffusion-3.5-medium"),
]


@pytest.mark.parametrize("written, shown", CASES)
def test_addresses_are_hidden_and_settings_are_not(written, shown):
    assert PRIVATE.sub(HIDDEN, written) == shown


@pytest.mark.django_db
def test_a_plain_configuration_is_shown_whole(lab):
    text = public_config(add_run(lab.experiment))
    assert HIDDEN not in text and f"seed: {CONFIG['seed']}" in text


@pytest.mark.django_db
def test_the_page_has_three_panels(lab):
    run = add_run(lab.experiment)
    assert [panel_of(run, number, None) is not None for number in range(4)] == [True, True, True, False]
    assert all(panel_of(run, number, None).runs == (run.id,) for number in range(3))
