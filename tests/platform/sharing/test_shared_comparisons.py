"""A shared comparison: the pictures that were saved, looked at as they were saved, and no others."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.urls import reverse

from comparing.looking import parse_looking
from comparing.services import save_comparison
from tests.platform.comparing.film import add_video
from tests.platform.lab import add_sample, resume
from tests.platform.pictures.easel import add_drawing
from tests.platform.reports.desk import add_full_run, draw
from tests.platform.sharing.doorway import add_comparison, make_link, visit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_remembered():
    cache.clear()


def test_the_pictures_are_those_that_were_saved_below_the_secret(lab):
    run = add_full_run(lab)
    made = make_link(lab, add_comparison(lab, run))
    page = visit(made).text
    assert "Side by side" in page and "Look at the edges." in page and "Shared by Lab" in page
    data = json.loads(re.search(r'<script id="compare-data"[^>]*>(.*?)</script>', page)[1])
    refs = [f"s{sample.id}" for sample in run.samples.order_by("id")]
    assert [item["ref"] for item in data["items"]] == refs and "more" not in data
    assert [item["picture"] for item in data["items"]] == [f"/s/{made.text}/pictures/{ref}/" for ref in refs]
    others = [f"s{draw(add_sample(run, 7)).id}", f"d{add_drawing(run).id}"]
    found = {ref: visit(made, "share_picture", ref).status_code for ref in [*refs, *others]}
    assert found == dict.fromkeys(refs, 200) | dict.fromkeys(others, 404)


def test_it_opens_as_it_was_looked_at(lab):
    made = make_link(lab, add_comparison(lab, add_full_run(lab), mode="wipe", zoom="2"))
    answer = visit(made)
    assert answer.status_code == 302
    where = urlsplit(answer["Location"])
    assert where.path == reverse("share", args=[made.text])
    assert parse_qs(where.query) == {"mode": ["wipe"], "zoom": ["2"]}
    assert visit(made, mode="wipe", zoom="2").status_code == 200
    # What cannot be shown leads back; what is compared is not the visitor's to say.
    assert visit(made, mode="magic")["Location"] == answer["Location"]
    assert "s999" not in visit(made, mode="side", items="s999").text
    made.link.refresh_from_db()
    assert made.link.num_opens == 1


def test_a_grid_has_its_cells_and_leads_nowhere_else(lab):
    run = add_full_run(lab)
    looking = parse_looking({"policies": f"{run.id}@0,{run.id}@4"})
    made = make_link(lab, save_comparison(lab.member, "Grid", "", looking))
    page = visit(made).text
    refs = [f"s{sample.id}" for sample in run.samples.all()]
    assert all(f'src="/s/{made.text}/pictures/{ref}/thumb/"' in page for ref in refs)
    addresses = re.findall(r'(?:href|src|action)="([^"]+)"', page)
    assert {at for at in addresses if not at.startswith((f"/s/{made.text}/", "/static/"))} == {"#main"}
    assert visit(made, "share_thumbnail", refs[0]).status_code == 200
    resume(run, 2)
    assert visit(made, "share_thumbnail", f"s{run.samples.get(iteration=4).id}").status_code == 404


def test_a_grid_is_read_once_for_all_of_its_pictures(lab, django_assert_max_num_queries):
    run = add_full_run(lab)
    looking = parse_looking({"policies": f"{run.id}@0,{run.id}@4"})
    made = make_link(lab, save_comparison(lab.member, "Grid", "", looking))
    ref = f"s{run.samples.first().id}"
    visit(made, "share_thumbnail", ref)
    with django_assert_max_num_queries(3):
        assert visit(made, "share_thumbnail", ref).status_code == 200


def test_videos_have_their_frames(lab):
    run = add_full_run(lab)
    video = add_video(run, 4, index=3)
    shown = make_link(lab, save_comparison(lab.member, "Film", "", parse_looking({"items": f"s{video.id}"})))
    other = make_link(lab, add_comparison(lab, add_full_run(lab, "another")))
    frames = visit(shown, "share_frames", f"s{video.id}")
    assert frames.status_code == 200 and frames["Cache-Control"] == "private, no-store"
    sheet = visit(shown, "share_sheet", f"s{video.id}", 0)
    assert sheet["Content-Type"].startswith("image/")
    assert visit(shown, "share_sheet", f"s{video.id}", 99).status_code == 404
    assert visit(other, "share_frames", f"s{video.id}").status_code == 404


def test_it_has_neither_status_nor_panels(lab):
    made = make_link(lab, add_comparison(lab, add_full_run(lab)))
    assert visit(made, "share_status").status_code == visit(made, "share_panel", 0).status_code == 404


def test_it_is_shared_from_its_page_and_listed(lab, member):
    comparison = add_comparison(lab, add_full_run(lab))
    page = member.get(reverse("comparison", args=[comparison.id]), follow=True).text
    assert reverse("comparison_share", args=[comparison.id]) in page
    member.post(reverse("comparison_share", args=[comparison.id]), {"num_days": "7"})
    listed = member.get(reverse("team_shares", args=[lab.team.id])).text
    assert "Side by side" in listed and reverse("comparison", args=[comparison.id]) in listed
