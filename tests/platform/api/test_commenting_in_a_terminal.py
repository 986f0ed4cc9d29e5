"""`flowdppo comment`, `comments` and `inbox` as processes of two people, against a running site."""

import json
from functools import partial

import pytest

from comments.models import Comment
from teams.api_tokens import make_token
from teams.models import Scope
from tests.platform.api.test_command_line import CommandLine
from tests.platform.lab import add_checkpoint, add_run, add_sample, make_lab

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_people_talk_from_their_terminals(live_server, tmp_path):
    lab = make_lab()
    run = add_run(lab.experiment, "mine", created_by=lab.owner)
    add_checkpoint(run, 40)
    sample = add_sample(run, 40)

    def terminal(person):
        token = make_token(person, "tests", Scope.WRITE, num_days=1).text
        return partial(CommandLine(tmp_path), FLOWDPPO_SERVER=live_server.url, FLOWDPPO_TOKEN=token)

    member, viewer = terminal(lab.member), terminal(lab.viewer)
    said = member("comment", "mine@40", "Hands, @viewer?")
    first = Comment.objects.get()
    assert (said.returncode, said.stdout) == (0, f"{first.id}\n")
    assert f"mine at 40: {live_server.url}/comments/{first.id}/; viewer@example.org can read it" in said.stderr

    told = viewer("inbox", "--read")
    assert "member@example.org mentioned you" in told.stdout and "Hands, @viewer?" in told.stdout
    assert "Hands" not in viewer("inbox").stdout and "Hands" in viewer("inbox", "--all").stdout

    assert viewer("comment", f"s{sample.id}", given="Six fingers.\n").returncode == 0
    listed = json.loads(member("comments", str(run.id), "--json").stdout)
    assert [(one["title"], one["text"]) for one in listed] == [
        ("mine at 40", "Hands, @viewer?"),
        (f"picture s{sample.id} of mine", "Six fingers."),
    ]
    assert "Six fingers." in member("comments", f"s{sample.id}").stdout

    empty, missing = member("comment", "mine", " "), member("comment", "s999", "well")
    assert (empty.returncode, missing.returncode) == (2, 1)
    assert "Empty: write something" in empty.stderr and Comment.objects.count() == 2
