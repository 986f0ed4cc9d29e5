"""The playground through the API."""

import io

import pytest
from PIL import Image

from pictures.models import Drawing
from playground.models import Sheet, SheetState
from tests.platform.api.conftest import API
from tests.platform.lab import add_run
from tests.platform.playground.studio import serve


@pytest.fixture
def wanted(lab) -> dict:
    return {"policies": [f"{add_run(lab.experiment).id}@0"], "prompt": "a red  circle", "seeds": [3, 5]}


def test_pictures_are_drawn_fetched_and_kept(wanted, post, program):
    asked = post("/sheets", wanted | {"num_steps": 6, "guidance_scale": 1.5})
    sheet = Sheet.objects.get()
    told = {"id": str(sheet.id), "state": "waiting", "prompt": "a red circle", "seeds": [3, 5], "num_places": 2}
    assert asked.status_code == 202 and asked.json().items() >= (told | {"num_steps": 6, "pictures": []}).items()
    # The same once more is the same sheet.
    assert post("/sheets", wanted | {"num_steps": 6, "guidance_scale": 1.5}).json() == asked.json()
    serve(sheet)

    done = program.get(f"{API}/sheets/{sheet.id}").json()
    assert (done["state"], [one["seed"] for one in done["pictures"]]) == ("done", [3, 5])
    first = done["pictures"][0]
    assert (first["policy"], first["is_kept"]) == (wanted["policies"][0], False)
    assert Image.open(io.BytesIO(program.get(first["picture"]).content)).size == (64, 64)
    assert post(f"/drawings/{first['id']}/keep", {}).json() == first | {"is_kept": True}
    assert Drawing.objects.get(id=first["id"]).expires_at is None
    assert post(f"/drawings/{first['id']}/let-go", {}).json() == first


def test_a_sheet_is_stopped(wanted, post):
    sheet = post("/sheets", wanted).json()["id"]
    assert post(f"/sheets/{sheet}/stop", {}).json()["state"] == SheetState.CANCELLED


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"prompt": " "}, "prompt", "Say what to draw."),
        ({"policies": []}, "policies", "Choose who draws"),
        ({"policies": ["x"]}, "policies", "names no policy"),
        ({"seeds": []}, "seeds", "at least 1 item"),
        ({"seeds": [-1]}, "seeds", "is no seed"),
        ({"num_steps": 0}, "num_steps", "give a whole number from 1"),
        ({"guidance_scale": 0.5}, "guidance_scale", "give a number from 1"),
    ],
)
def test_what_does_not_fit_is_told_by_its_field(wanted, post, change, field, message):
    answer = post("/sheets", wanted | change)
    (problem,) = answer.json()["problems"]
    assert answer.status_code == 422 and problem["field"] == field and message in problem["message"]
    assert not Sheet.objects.exists()
