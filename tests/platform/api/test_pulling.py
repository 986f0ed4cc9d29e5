"""Samples are taken home: fixed ones by step, groups of training in folders of their own."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image

from flowdppo_engine.client.connection import Connection
from flowdppo_engine.client.pulling import pull_samples
from flowdppo_engine.client.signing_in import SignIn
from teams.api_tokens import make_token
from teams.models import Scope
from tests.platform.lab import add_group, add_run, add_sample

pytestmark = pytest.mark.django_db(transaction=True)


def test_groups_of_training_are_pulled_beside_the_fixed_samples(live_server, lab, tmp_path):
    run = add_run(lab.experiment)
    rows = [*add_group(run, 5, [1.5, -1.5], group=3, kl=0.25, rewards={"pick": 0.5}), add_sample(run, 5, index=6)]
    for row in rows:
        file = Path(settings.MEDIA_ROOT) / run.folder / row.path
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (row.index, 0, 0)).save(file)
    connection = Connection(SignIn(live_server.url, make_token(lab.viewer, "tests", Scope.READ, num_days=1).text))
    home, told = tmp_path / "home", []
    pull_samples(connection, {"id": str(run.id)}, home, told.append)
    lines = [json.loads(line) for line in (home / "samples.jsonl").read_text().splitlines()]
    files = [f"samples/step-000010/{name}.png" for name in ("group-003/006", "group-003/007", "006")]
    assert [line["file"] for line in lines] == files
    assert lines[1] == {
        "file": files[1], "iteration": 5, "step": 10, "kind": "rollout", "index": 7, "prompt": "a circle", "seed": 1,
        "rewards": {"pick": 0.5}, "group": 3, "advantage": -1.5, "kl": 0.25,
    }  # fmt: skip
    for line in lines:
        with Image.open(home / line["file"]) as image:
            assert image.getpixel((0, 0)) == (line["index"], 0, 0)
    assert told == [f"{home / 'samples'}: 3"]
