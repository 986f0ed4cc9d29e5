"""Reading through the API: pages, filters, points, logs and files."""

import csv
import io
import math

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pyarrow import parquet

from runs.models import Experiment, LogLine, Run, RunState
from teams.models import Role
from teams.services import create_team, set_role
from tests.platform.lab import (
    add_checkpoint,
    add_evaluation,
    add_group,
    add_lines,
    add_point,
    add_run,
    add_sample,
    last_attempt,
    resume,
)

pytestmark = pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")


@pytest.fixture
def get(program):
    """The body of an answer, which is good unless said otherwise."""

    def ask(path: str, status: int = 200, **query):
        answer = program.get(f"/api/v1{path}", query)
        assert answer.status_code == status, answer.text
        return answer.json()

    return ask


@pytest.fixture
def run(lab) -> Run:
    return add_run(lab.experiment)


def read(program, path: str, **query) -> bytes:
    answer = program.get(f"/api/v1{path}", query)
    assert answer.status_code == 200
    return b"".join(answer)


def names_by_page(get, path: str, **query) -> list[list[str]]:
    pages, cursor = [], ""
    while cursor is not None:
        answer = get(path, cursor=cursor, limit=3, **query)
        pages.append([item["name"] for item in answer["items"]])
        cursor = answer["next"]
    return pages


def test_runs_come_in_pages_that_what_is_added_meanwhile_does_not_shift(get, lab):
    made = [add_run(lab.experiment, name=f"run {number}") for number in range(7)]
    # Runs of one transaction are made at the same moment.
    Run.objects.filter(experiment=lab.experiment).update(created_at=made[0].created_at)
    pages = names_by_page(get, "/runs")
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sorted(sum(pages, [])) == sorted(run.name for run in made)
    first = get("/runs", limit=3)
    add_run(lab.experiment, name="new")
    assert [item["name"] for item in get("/runs", limit=3, cursor=first["next"])["items"]] == pages[1]


def test_experiments_and_samples_come_in_pages(get, lab, run):
    for number in range(4):
        add_sample(run, number + 1)
        Experiment.objects.create(team=lab.team, name=f"experiment {number}")
    pages = names_by_page(get, "/experiments")
    assert pages == [["experiment 3", "experiment 2", "experiment 1"], ["experiment 0", "Thresholds"]]
    first = get(f"/runs/{run.id}/samples", limit=3)
    rest = get(f"/runs/{run.id}/samples", limit=3, cursor=first["next"])
    assert [item["iteration"] for item in first["items"] + rest["items"]] == [1, 2, 3, 4]
    assert [item["iteration"] for item in get(f"/runs/{run.id}/samples", iteration=2)["items"]] == [2]


def test_samples_tell_which_of_them_training_drew(get, run):
    add_group(run, 1, [1.5, -1.5], group=3, kl=0.25)
    add_sample(run, 1)
    assert [item["kind"] for item in get(f"/runs/{run.id}/samples")["items"]] == ["rollout", "rollout", "fixed"]
    drawn = get(f"/runs/{run.id}/samples", kind="rollout")["items"]
    assert [(item["group"], item["advantage"], item["kl"]) for item in drawn] == [(3, 1.5, 0.25), (3, -1.5, 0.25)]
    assert get(f"/runs/{run.id}/samples", kind="fixed")["items"][0]["advantage"] is None
    assert get(f"/runs/{run.id}/samples", status=422, kind="other")["problems"][0]["field"] == "kind"


@pytest.mark.parametrize("cursor", ["x", "W10=", "WyJhIiwgImIiXQ==", "eyI=", "ü", "WyIxIiwgIjIiLCAiMyJd"])
@pytest.mark.parametrize("path", ["/runs", "/experiments"])
def test_a_cursor_that_is_none_is_refused(get, path, cursor):
    assert get(path, status=422, cursor=cursor)["problems"][0]["field"] == "cursor"


def test_runs_are_filtered(get, lab):
    other_team = create_team("Second", lab.owner)
    set_role(other_team, lab.member, Role.VIEWER)
    second = Experiment.objects.create(team=other_team, name="Second")
    add_run(lab.experiment, name="alpha", state=RunState.FINISHED)
    add_run(lab.experiment, name="beta", state=RunState.FAILED, recipe="sandbox-smoke")
    add_run(second, name="gamma")

    def names(**query) -> list[str]:
        return [item["name"] for item in get("/runs", **query)["items"]]

    assert names() == ["gamma", "beta", "alpha"]
    assert names(experiment=lab.experiment.id) == ["beta", "alpha"]
    assert names(team="second") == ["gamma"]
    assert names(state=["finished", "failed"]) == ["beta", "alpha"]
    assert names(name="AMM") == ["gamma"]
    assert names(recipe="sandbox-smoke") == ["beta"]
    assert "limit" in get("/runs", status=422, limit=0)["error"]
    assert "state" in get("/runs", status=422, state="asleep")["error"]


def test_a_run_is_shown_with_its_numbers_and_its_configuration(get, run):
    add_point(run, "reward/mean", 1, 0.25)
    add_evaluation(run, 1, 0.6)
    shown = get(f"/runs/{run.id}")
    assert (shown["reward"], shown["kl"], shown["score"]["mean"]) == (0.25, None, 0.6)
    assert shown["config"] == run.config
    assert get(f"/experiments/{run.experiment_id}")["num_runs"]["running"] == 1


def test_points_are_thinned_to_the_ends_of_each_stretch_and_spliced(get, run):
    for iteration in range(1, 101):
        add_point(run, "loss", iteration, iteration % 10)
    resume(run, 95)
    add_point(run, "loss", 96, math.nan)
    whole = get(f"/runs/{run.id}/metrics/points", key="loss")
    assert whole["series"]["loss"]["iteration"] == list(range(1, 97))
    assert whole["series"]["loss"]["value"][-2:] == [5.0, None] and not whole["is_thinned"]
    thinned = get(f"/runs/{run.id}/metrics/points", key="loss", max_points=12, last=90)
    assert len(thinned["series"]["loss"]["value"]) <= 12 and thinned["is_thinned"]
    assert {0.0, 9.0} <= set(thinned["series"]["loss"]["value"])
    part = get(f"/runs/{run.id}/metrics/points", key=["loss", "none"], first=20, last=22)["series"]
    assert part == {
        "loss": {"iteration": [20, 21, 22], "step": [40, 42, 44], "value": [0.0, 1.0, 2.0]},
        "none": {"iteration": [], "step": [], "value": []},
    }


def test_metrics_go_home_as_csv_and_as_parquet(program, run, monkeypatch):
    monkeypatch.setattr("api.exports.BATCH", 3)
    for iteration in range(1, 6):
        add_point(run, "loss", iteration, iteration / 3)
        add_point(run, "reward/mean", iteration, 1.0)
    resume(run, 4)
    text = read(program, f"/runs/{run.id}/metrics.csv").decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    table = parquet.read_table(io.BytesIO(read(program, f"/runs/{run.id}/metrics.parquet")))
    assert len(rows) == 8 and list(rows[0]) == table.column_names == ["key", "iteration", "step", "time", "value"]
    expected = [(key, i, value) for i in range(1, 5) for key, value in (("loss", i / 3), ("reward/mean", 1.0))]
    assert [(row["key"], int(row["iteration"]), float(row["value"])) for row in rows] == expected
    assert [(row["key"], row["iteration"], row["value"]) for row in table.to_pylist()] == expected
    only = read(program, f"/runs/{run.id}/metrics.parquet", key="loss")
    assert parquet.read_table(io.BytesIO(only)).num_rows == 4


def test_metrics_of_a_run_without_any_are_an_empty_file(program, run):
    table = parquet.read_table(io.BytesIO(read(program, f"/runs/{run.id}/metrics.parquet")))
    assert (table.num_rows, table.num_columns) == (0, 5)


def test_a_log_is_followed_from_its_cursor(get, run, program):
    add_lines(run, "one", "two")
    first = get(f"/runs/{run.id}/log")
    assert [line["message"] for line in first["lines"]] == ["one", "two"] and first["live"]
    LogLine.objects.create(
        run=run, attempt=last_attempt(run), seq=3, time=run.started_at, level="warning", message="three"
    )
    then = get(f"/runs/{run.id}/log", after=first["cursor"])
    assert [(line["level"], line["message"]) for line in then["lines"]] == [("warning", "three")]
    assert get(f"/runs/{run.id}/log", after=then["cursor"])["cursor"] == then["cursor"]
    assert read(program, f"/runs/{run.id}/log.txt").decode().count("\n") == 3


def test_evaluations_come_with_their_intervals(get, run):
    add_evaluation(run, 0, 0.4)
    add_evaluation(run, 5, 0.5)
    base, trained = get(f"/runs/{run.id}/evaluations")
    assert base["scores"]["sandbox_soft_tifa"] == pytest.approx({"mean": 0.4, "low": 0.38, "high": 0.42})
    assert trained["difference"]["sandbox_soft_tifa"]["mean"] == pytest.approx(0.1)
    assert [attempt["number"] for attempt in get(f"/runs/{run.id}/attempts")] == [1]


def test_checkpoints_and_pictures_are_fetched_at_the_addresses_that_lists_give(get, program, run):
    add_checkpoint(run, 1, {"pytorch_lora_weights.safetensors": b"weights"})
    sample = add_sample(run, 1)
    listed = get(f"/runs/{run.id}/checkpoints")[0]
    assert (listed["name"], listed["removed"]) == ("step-000002", False)
    assert b"".join(program.get(listed["lora"])) == b"weights"
    assert b"".join(program.get(listed["folder"])).startswith(b"PK")
    shown = get(f"/runs/{run.id}/samples")["items"][0]
    default_storage.save(f"{run.folder}/{sample.path}", io.BytesIO(b"png"))
    assert program.get(shown["picture"]).content == b"png"


def test_a_checkpoint_whose_files_are_gone_says_so(program, run):
    gone = add_checkpoint(run, 1)
    for file in ("folder.zip", "lora.safetensors"):
        answer = program.get(f"/api/v1/checkpoints/{gone.id}/{file}")
        assert (answer.status_code, "take a newer one" in answer.json()["error"]) == (410, True)


@pytest.mark.parametrize("path", ["/runs", "/experiments", "/runs/{run}/samples", "/runs/{run}/checkpoints"])
def test_no_list_asks_more_of_the_database_as_it_grows(path, get, lab, run):
    address = path.format(run=run.id)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            get(address)
        return len(queries)

    add_sample(run, 1)
    add_checkpoint(run, 1)
    get(address)
    before = count()
    for number in range(2, 12):
        add_sample(run, number)
        add_checkpoint(run, number)
        add_run(Experiment.objects.create(team=lab.team, name=f"experiment {number}"))
    assert count() == before
