"""What a visitor gets by a link: one thing, and nothing else."""

import re

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from runs.metric_names import REWARD
from runs.models import RunState, Sample
from sharing import attempts
from tests.platform.lab import CONFIG, add_lines, add_point, add_run, add_sample, resume
from tests.platform.pictures.easel import add_drawing
from tests.platform.reports.desk import add_full_run, add_report, draw, panel
from tests.platform.sharing.doorway import make_link, visit

pytestmark = pytest.mark.django_db

REMOTE = {"name": "remote_http", "weight": 1.0, "url": "http://judge.internal.example:8000/score"}


@pytest.fixture(autouse=True)
def _nobody_has_tried():
    cache.clear()


def test_a_shared_run_shows_how_it_went(lab):
    run = add_full_run(lab, "first")
    page = visit(make_link(lab, run)).text
    for part in (
        "first",
        "sandbox-flow-dppo",
        "Shared by Lab",
        "plot-line",
        "Samples at iteration 4",
        "sandbox_soft_tifa",
    ):
        assert part in page
    assert "seed:" in page and page.count('hx-trigger="every 5s"') == 4


def test_a_shared_run_keeps_to_itself_what_is_the_teams(lab):
    config = CONFIG | {"rewards": [*CONFIG["rewards"], REMOTE], "prompts": "/home/alice/cats.txt"}
    run = add_full_run(
        lab, config=config, state=RunState.FAILED, notes="Ask bob@example.org.", error="No space on gpu-7.",
        hint="See /home/alice.", stop_reason="member@example.org asked for it.", created_by=lab.member,
    )  # fmt: skip
    add_lines(run, "Loading on node-1.")
    page = visit(make_link(lab, run)).text
    assert "(hidden)" in page and "/home/(hidden)/cats.txt" in page
    secrets = ("@example.org", "gpu-7", "node-1", "internal.example", "alice", "Loading on", "No space", "bob")
    assert [word for word in secrets if word in page] == []


def test_nothing_leads_away_from_the_share(lab):
    run = add_full_run(lab)
    body = "\n\n".join([panel("table", f"runs: {run.id}"), panel("grid", f"policies: {run.id}@4")])
    for subject in (run, add_report(lab, body)):
        made = make_link(lab, subject)
        addresses = re.findall(r'(?:href|src|action|hx-get)="([^"]+)"', visit(made).text)
        inside = [at for at in addresses if at.startswith(f"/s/{made.text}/")]
        rest = {at for at in addresses if not at.startswith((f"/s/{made.text}/", "/static/"))}
        assert inside and rest == {"#main"}


def test_visitors_get_no_cookies_and_tell_nobody_where_they_were(lab):
    made = make_link(lab, add_full_run(lab))
    sample = Sample.objects.first()
    for name, args in (
        ("share", ()),
        ("share_panel", (0,)),
        ("share_thumbnail", (f"s{sample.id}",)),
        ("share", ("x",)),
    ):
        client = Client()
        answer = client.get(reverse(name, args=[made.text, *args]) if args != ("x",) else "/s/fdps_x/")
        assert not client.cookies and "Set-Cookie" not in answer
        assert answer["Referrer-Policy"] == "no-referrer" and "noindex" in answer["X-Robots-Tag"]
        assert answer["Cache-Control"].startswith("private")
    assert visit(made)["Cache-Control"] == "private, no-store"


def test_nothing_can_be_sent(lab):
    made = make_link(lab, add_full_run(lab))
    for name, args in (("share", ()), ("share_status", ()), ("share_panel", (0,))):
        assert Client().post(reverse(name, args=[made.text, *args])).status_code == 405
    made.link.refresh_from_db()
    assert made.link.num_opens == 0


def test_samples_can_be_chosen_by_iteration(lab):
    made = make_link(lab, add_full_run(lab))
    page = visit(made, iteration="0").text
    assert "Samples at iteration 0" in page and '<option value="0" selected>' in page
    assert "iteration=0" in page.partition('id="panel-1"')[2].partition(">")[0]
    assert "Nothing was drawn at this iteration." in visit(made, iteration="3").text
    assert "Samples at iteration 4" in visit(made, iteration="nonsense").text


def test_what_moves_is_told_while_the_run_is_live(lab):
    run = add_full_run(lab)
    made = make_link(lab, run)
    shown = re.search(r'panels/0/\?shown=(\w+)"', visit(made).text)[1]
    assert visit(made, "share_panel", 0, shown=shown).status_code == 204
    add_point(run, REWARD, 5, 0.9)
    assert "ends at 0.9" in visit(made, "share_panel", 0, shown=shown).text
    run.state, run.iteration = RunState.FINISHED, 100
    run.save()
    assert "hx-" not in visit(made, "share_status").text and "hx-" not in visit(made, "share_panel", 0).text
    assert visit(made, "share_panel", 3).status_code == 404


@pytest.fixture
def gallery(lab) -> dict:
    """Pictures of a run, with a report that shows some of them."""
    run = add_full_run(lab)
    shown, hidden = add_drawing(run, 4, seed=1), add_drawing(run, 4, seed=2)
    in_grid = run.samples.get(iteration=4)
    not_in_grid = run.samples.get(iteration=0)
    body = [panel("pictures", f"refs: d{shown.id}"), panel("grid", f"policies: {run.id}@4"), f"See s{not_in_grid.id}."]
    report = add_report(lab, "\n\n".join(body))
    return {
        "run": make_link(lab, run),
        "report": make_link(lab, report),
        "shown": f"d{shown.id}",
        "hidden": f"d{hidden.id}",
        "in_grid": f"s{in_grid.id}",
        "not_in_grid": f"s{not_in_grid.id}",
        "elsewhere": f"s{draw(add_sample(add_run(lab.experiment, 'another'), 1)).id}",
    }


@pytest.mark.parametrize("name", ["share_picture", "share_thumbnail"])
@pytest.mark.parametrize(
    "link, seen",
    [("run", {"in_grid", "not_in_grid"}), ("report", {"shown", "in_grid"})],
)
def test_a_share_has_the_pictures_that_it_shows_and_no_others(name, link, seen, gallery):
    refs = ("shown", "hidden", "in_grid", "not_in_grid", "elsewhere")
    answers = {ref: visit(gallery[link], name, gallery[ref]) for ref in refs}
    assert {ref for ref, answer in answers.items() if answer.status_code == 200} == seen
    assert {answer.status_code for answer in answers.values()} == {200, 404}
    assert all(answers[ref]["Content-Type"].startswith("image/") for ref in seen)


@pytest.mark.parametrize("ref", ["s0", "x1", "s99999999", "..", "s1;d1"])
def test_what_names_no_picture_leads_nowhere(ref, gallery):
    assert visit(gallery["run"], "share_picture", ref).status_code == 404


def test_pictures_that_were_rolled_back_are_gone(gallery):
    sample = Sample.objects.get(id=gallery["in_grid"][1:])
    resume(sample.run, 2)
    for link in ("run", "report"):
        assert visit(gallery[link], "share_picture", gallery["in_grid"]).status_code == 404


def test_a_report_shows_nothing_of_another_team(lab, gallery):
    from runs.models import Run

    theirs = Run.objects.get(experiment__name="Theirs")
    sample = draw(add_sample(theirs, 4))
    report = add_report(lab, f"{panel('pictures', f'refs: s{sample.id}')}\n\n{panel('curves', f'runs: {theirs.id}')}")
    made = make_link(lab, report)
    assert "None of these pictures is there any more." in visit(made).text
    assert visit(made, "share_thumbnail", f"s{sample.id}").status_code == 404


def test_a_report_that_changes_is_read_anew(lab):
    report = add_report(lab, panel("curves", f"runs: {add_full_run(lab).id}"))
    made = make_link(lab, report)
    assert visit(made, "share_panel", 0, version="1").status_code == 200
    assert visit(made, "share_panel", 0, version="0")["HX-Refresh"] == "true"
    assert visit(made, "share_status").status_code == 404


def test_secrets_that_open_nothing_are_counted(lab, monkeypatch):
    monkeypatch.setattr(attempts, "MOST", 3)
    made = make_link(lab, add_report(lab))
    answers = [Client().get(reverse("share", args=[f"fdps_{number}"])).status_code for number in range(5)]
    assert answers == [404, 404, 404, 429, 429]
    assert "Too many attempts" in Client().get(reverse("share", args=["fdps_x"])).text
    # Who has a link is not kept out by others at the same address.
    assert visit(made).status_code == 200


def test_a_link_that_ended_looks_like_one_that_never_was(lab):
    made = make_link(lab, add_report(lab))
    made.link.delete()
    never = Client().get(reverse("share", args=["fdps_never"]))
    assert visit(made).text == never.text and "ask whoever sent it" in never.text.lower()
