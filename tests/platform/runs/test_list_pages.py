"""The pages of lists: what is asked for is shown, what is ticked is done, and rows cost no queries."""

import re
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from runs.lists import keyset
from runs.models import Experiment, Run, Sample
from tests.platform.lab import (
    CONFIG,
    add_checkpoint,
    add_evaluation,
    add_point,
    add_run,
    add_sample,
    last_attempt,
)
from tests.platform.runs.test_pages import words

LISTS = ("runs", "run_table", "experiment", "experiment_runs", "experiments")


def address_of(name: str, lab) -> str:
    return reverse(name, args=[lab.experiment.id] if name.startswith("experiment") and name != "experiments" else [])


def names_in(page: str) -> list[str]:
    return re.findall(r'class="row-link"[^>]*>([^<]+)</a>', page)


def do(client, deed: str, *runs: Run, **fields):
    ids = [str(run.id) for run in runs]
    return client.post(reverse("runs_bulk"), {"run": ids, "deed": deed, "back": "/runs/?q=x", **fields})


@pytest.mark.parametrize("name", LISTS)
def test_more_rows_need_no_more_queries(name, lab, member):
    def fill(numbers: range) -> None:
        for number in numbers:
            config = CONFIG | {"seed": number}
            run = add_run(lab.experiment, f"run {number}", config=config, tags=[f"t{number}"], created_by=lab.member)
            add_point(run, "kl/reference_nats", 20, 1.0)
            for iteration in (0, 20):
                add_evaluation(run, iteration, 0.5 + number / 100)
                add_sample(run, iteration)
            add_checkpoint(run, 20)
            Experiment.objects.create(team=lab.team, name=f"e{number}", tags=["x"])

    address = address_of(name, lab)
    fill(range(2))
    member.get(address)
    with CaptureQueriesContext(connection) as few:
        assert member.get(address).status_code == 200
    fill(range(2, 20))
    with CaptureQueriesContext(connection) as many:
        page = member.get(address).text
    assert len(many) == len(few) < 30
    assert len(names_in(page)) >= 20


def test_all_runs_of_a_persons_teams_are_listed(lab, as_person):
    add_run(lab.experiment, "ours")
    assert names_in(as_person(lab.viewer).get("/runs/").text) == ["ours"]
    assert names_in(as_person(lab.stranger).get("/runs/").text) == ["run"]


def test_a_list_is_searched_and_sorted(lab, member):
    for number in range(4):
        run = add_run(lab.experiment, f"run {number}", config=CONFIG | {"seed": number})
        add_point(run, "reward/mean", 1, [0.5, 0.9, 0.7, 0.1][number])
    asked = {"q": "reward/mean > 0.4", "sort": "-reward/mean"}
    page = member.get("/runs/", asked).text
    assert names_in(page) == ["run 1", "run 2", "run 0"]
    assert 'aria-sort="descending"' in page and "3 runs" in words(page)
    assert '<option value="-best" selected>Best score, highest first' in member.get("/runs/?sort=-best").text
    page = member.get(reverse("experiment", args=[lab.experiment.id]), {"q": "seed = 2, 3", "column": "seed"}).text
    assert names_in(page) == ["run 3", "run 2"]
    assert 'data-label="seed"' in page and 'data-label="Reward"' not in page


def test_what_differs_is_shown_without_asking(lab, member):
    for number in range(2):
        add_run(lab.experiment, f"run {number}", config=CONFIG | {"seed": number})
    page = member.get(reverse("experiment", args=[lab.experiment.id])).text
    assert 'data-label="seed"' in page
    assert 'data-label="optimizer.lr"' not in page


def test_a_search_that_says_nothing_tells_why(lab, member):
    add_run(lab.experiment, "run")
    page = member.get("/runs/", {"q": 'stat = "<script>"'}).text
    assert "“stat” is no field: did you mean state" in words(page)
    assert 'value="stat = &quot;&lt;script&gt;&quot;"' in page and names_in(page) == []


@pytest.mark.parametrize("text", ["\x00", "a\x00/b", "\"é/'%", "a" * 3000])
def test_no_address_breaks_a_list(text, lab, member):
    run = add_run(lab.experiment, "run", tags=["x"])
    names = ("q", "sort", "column", "tag", "person", "since", "after")
    assert {member.get("/runs/table/", {name: text}).status_code for name in names} == {200}
    assert member.get("/", {"q": text, "after": text}).status_code == 200
    assert (
        member.get(reverse("experiment", args=[lab.experiment.id]), {"score": text, "sort": text}).status_code == 200
    )
    for deed, field in (("tag", "tag"), ("move", "experiment")):
        assert do(member, deed, run, **{field: text}).status_code == 302


def test_a_list_comes_in_pages(lab, member, monkeypatch):
    monkeypatch.setattr(keyset.read_page, "__defaults__", ("", 2))
    for number in range(5):
        add_run(lab.experiment, f"run {number}")
    seen, address = [], "/runs/"
    while address:
        page = member.get(address).text
        seen += names_in(page)
        following = re.search(r'href="(\?[^"]*)#filter" rel="next"', page)
        address = following and "/runs/" + following[1].replace("&amp;", "&")
    assert seen == ["run 4", "run 3", "run 2", "run 1", "run 0"]
    assert "First page" in page


def test_archived_runs_are_left_out_and_counted(lab, member):
    kept, away = add_run(lab.experiment, "kept", "finished"), add_run(lab.experiment, "away", "finished")
    assert "1 run archived." in words(member.get(do(member, "archive", away)["Location"]).text)
    page = member.get("/runs/").text
    assert names_in(page) == ["kept"]
    assert "1 archived run is left out. Show the archive" in words(page)
    assert names_in(member.get("/runs/?archived=only").text) == ["away"]
    assert names_in(member.get("/runs/?archived=with&sort=name").text) == ["away", "kept"]
    do(member, "unarchive", Run.objects.get(id=away.id))
    assert names_in(member.get("/runs/?sort=name").text) == ["away", "kept"]
    assert kept.archived_at is None


@pytest.mark.parametrize(
    ("deed", "fields", "told"),
    [
        ("tag", {"tag": "Keep"}, "2 runs tagged “keep”."),
        ("tag", {"tag": ""}, "A tag is one or a few words without commas: write one."),
        ("untag", {"tag": "old"}, "2 runs no longer tagged “old”."),
        ("move", {"experiment": "Paper"}, "2 runs moved to “Paper”."),
        ("move", {"experiment": "Nowhere"}, "Lab has no experiment “Nowhere”"),
        ("cancel", {}, "1 run asked to stop."),
        ("archive", {}, "1 run archived. Live runs stay: cancel them first."),
        ("delete", {}, "“delete” is nothing that can be done to runs"),
    ],
)
def test_what_is_done_to_ticked_runs_is_told(deed, fields, told, lab, member):
    Experiment.objects.create(team=lab.team, name="Paper")
    runs = [add_run(lab.experiment, "live", tags=["old"]), add_run(lab.experiment, "done", "failed", tags=["old"])]
    response = do(member, deed, *runs, **fields)
    assert response["Location"] == "/runs/?q=x"
    assert told in words(member.get("/runs/").text)


def test_without_a_tick_nothing_is_done(lab, member):
    run = add_run(lab.experiment, "run", "finished")
    theirs = Run.objects.get(experiment__name="Theirs")
    do(member, "archive")
    do(member, "archive", theirs)
    assert "No run is ticked" in words(member.get("/runs/").text)
    assert not Run.objects.exclude(archived_at=None).exists()
    assert names_in(member.get("/runs/").text) == [run.name]


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", ""])
def test_the_way_back_leads_to_no_other_site(back, lab, member):
    response = do(member, "compare", back=back)
    assert urlsplit(response["Location"]) == urlsplit("/runs/")


def test_ticked_runs_are_compared_by_viewers_too(lab, as_person):
    runs = [add_run(lab.experiment, name) for name in "ab"]
    response = do(as_person(lab.viewer), "compare", *runs)
    assert response["Location"] == f"/curves/?runs={runs[1].id},{runs[0].id}"


def test_an_experiments_runs_are_opened_at_once_but_for_the_archive(lab, member):
    runs = [add_run(lab.experiment, f"run {number}", "finished") for number in range(52)]
    do(member, "archive", runs[51])
    address = reverse("experiment_compare", args=[lab.experiment.id])
    opened = member.get(address)["Location"].removeprefix("/curves/?runs=").split(",")
    assert opened == [str(run.id) for run in reversed(runs[1:51])]


def test_a_run_is_renamed_in_its_row(lab, member):
    run = add_run(lab.experiment, "before", notes="Kept.", tags=["kept"])
    address = reverse("run_rename", args=[run.id])
    assert 'value="before"' in member.get(address).text
    refused = member.post(address, {"name": ""})
    assert refused.status_code == 422 and "give it a name" in refused.text
    assert names_in(member.post(address, {"name": "after"}).text) == ["after"]
    changed = Run.objects.get(id=run.id)
    assert (changed.name, changed.notes, changed.tags) == ("after", "Kept.", ["kept"])


def test_notes_and_tags_stand_on_the_runs_page(lab, member):
    run = add_run(lab.experiment, "run")
    address = reverse("run_describe", args=[run.id])
    form = member.get(address).text
    assert 'value="run"' in form
    response = member.post(address, {"name": "run", "tags": "Keep, paper", "notes": "It **works**. <b>x</b>"})
    assert response["Location"] == reverse("run", args=[run.id])
    page = member.get(response["Location"]).text
    assert "<strong>works</strong>" in page and "&lt;b&gt;" in page
    assert '?tag=keep">keep</a>' in page
    refused = member.post(address, {"name": "run", "tags": "x" * 41})
    assert refused.status_code == 422 and "a tag has at most 40" in refused.text


def test_a_viewer_sees_no_button_that_would_not_work(lab, as_person):
    add_run(lab.experiment, "run")
    for address in ("/runs/", reverse("experiment", args=[lab.experiment.id])):
        page = as_person(lab.viewer).get(address).text
        assert "Compare in the panel" in page
        assert not any(f'value="{deed}"' in page for deed in ("archive", "tag", "move", "cancel"))
        assert "Rename" not in page and "Change name" not in page


def test_an_experiment_shows_its_best_and_its_frontier(lab, member):
    run = add_run(lab.experiment, "winner", "finished")
    for iteration, mean in ((0, 0.4), (20, 0.6)):
        add_evaluation(run, iteration, mean)
        at = {"run": run, "attempt": last_attempt(run), "iteration": iteration, "step": 2 * iteration}
        Sample.objects.create(**at, index=0, path="samples/0.png", prompt="a circle", seed=1, rewards={})
    add_point(run, "kl/reference_nats", 20, 1.5)
    page = member.get(reverse("experiment", args=[lab.experiment.id])).text
    text = words(page)
    assert "0.600 0.580 to 0.620 +0.200 over the base model’s 0.400 at 1.50 nats from it winner , iteration 20" in text
    assert page.count("<img src=") >= 2 and "a circle" in text
    assert "The 2 points that no other one beats" in text and page.count('class="dot on-edge') == 2
    other = member.get(reverse("experiment", args=[lab.experiment.id]), {"score": "nonsense"})
    assert other.status_code == 200


def test_an_experiment_without_a_kl_has_no_frontier(lab, member):
    add_evaluation(add_run(lab.experiment, "nft"), 20, 0.5)
    text = words(member.get(reverse("experiment", args=[lab.experiment.id])).text)
    assert "Best so far" in text and "Frontier" not in text


def test_an_experiment_is_described(lab, member):
    address = reverse("experiment_describe", args=[lab.experiment.id])
    assert 'value="Thresholds"' in member.get(address).text
    said = {"name": "Thresholds", "description": "Why?", "tags": "paper", "notes": "- a\n- b"}
    page = member.get(member.post(address, said)["Location"]).text
    assert "Why?" in page and "<li>a</li>" in page and "paper" in page
    Experiment.objects.create(team=lab.team, name="Taken")
    refused = member.post(address, said | {"name": "Taken"})
    assert refused.status_code == 422 and "“Taken” exists already in Lab" in refused.text


def test_experiments_are_searched_and_archived(lab, member):
    Experiment.objects.create(team=lab.team, name="Paper", notes="a frontier", tags=["keep"])
    for text in ("pape", "FRONTIER", "keep"):
        assert names_in(member.get("/", {"q": text}).text) == ["Paper"]
    assert names_in(member.get("/", {"q": "lab"}).text) == ["Paper", "Thresholds"]
    assert "No experiment fits" in words(member.get("/", {"q": "%\x00"}).text)
    archive = reverse("experiment_archive", args=[lab.experiment.id])
    assert "is archived" in words(member.get(member.post(archive)["Location"]).text)
    page = member.get("/").text
    assert names_in(page) == ["Paper"] and "1 archived experiment is left out." in words(page)
    assert names_in(member.get("/?archived=only").text) == ["Thresholds"]
    member.post(archive, {"back": "yes"})
    assert set(names_in(member.get("/").text)) == {"Paper", "Thresholds"}


def test_experiments_come_in_pages(lab, member, monkeypatch):
    monkeypatch.setattr(keyset.read_page, "__defaults__", ("", 2))
    for number in range(4):
        Experiment.objects.create(team=lab.team, name=f"e{number}")
    first = member.get("/").text
    following = re.search(r'href="(\?[^"]*)" rel="next"', first)[1].replace("&amp;", "&")
    assert names_in(first) == ["e3", "e2"] and "5 experiments" in words(first)
    assert names_in(member.get("/" + following).text) == ["e1", "e0"]
