"""The catalogue's pages: lists, items, versions, differences, the editors and what they say while one types."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog import selectors, views
from catalog.contents import model_content, prompts_content, rewards_content
from catalog.models import Item, Role, Use, Version
from catalog.prompt_texts import MAX_BYTES
from catalog.services import add_version, create_item, set_archived
from tests.platform.forms import adding, fields_of, removing
from tests.platform.lab import add_run

QUESTIONED = '{"prompt": "two cats", "vqa_list": [["How many cats are there?", "two"]], "skills": ["count"]}'
REWARDS = [{"name": "pick_score", "weight": 0.5}, {"name": "ocr"}]


@pytest.fixture
def cats(lab) -> Item:
    item = create_item(lab.member, lab.team, "Cats", prompts_content("a cat\ntwo cats"), "a start").item
    add_version(lab.owner, item, prompts_content("a cat\nthree cats\nfour cats"), "better")
    return item


@pytest.fixture
def mix(lab) -> Item:
    return create_item(lab.member, lab.team, "Mix", rewards_content(REWARDS)).item


def at(name: str, item: Item, *more) -> str:
    return reverse(f"catalogue_{name}", args=[item.id, *more])


def use(lab, item: Item, number: int, **fields) -> Use:
    version = item.versions.get(number=number)
    return Use.objects.create(run=add_run(lab.experiment), version=version, role=Role.TRAIN, **fields)


def plain(page: str) -> str:
    """The text of a page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_items_stand_under_their_kind_with_what_the_newest_version_holds(member, lab, cats, mix):
    create_item(lab.stranger, lab.stranger.teams.get(), "Theirs", prompts_content("a secret"))
    use(lab, cats, 1)
    prompts, rewards = (plain(member.get("/catalogue/", {"kind": kind}).text) for kind in ("prompts", "rewards"))
    assert "Cats Lab · 3 prompts v2 1" in prompts and "Mix" not in prompts and "Theirs" not in prompts
    assert "Mix Lab · pick_score × 0.5 · ocr × 1 v1 0" in rewards


def test_the_archive_is_a_page_of_its_own(member, lab, cats):
    set_archived(lab.member, cats, True)
    assert "Cats" not in member.get("/catalogue/", {"kind": "prompts"}).text
    assert "Cats" in member.get("/catalogue/", {"kind": "prompts", "archived": "1"}).text


def test_an_empty_catalogue_offers_the_sandboxs_things(member, lab):
    page = member.get("/catalogue/").text
    address = reverse("catalogue_sandbox", args=[lab.team.id])
    assert f'action="{address}"' in page
    assert member.post(address).status_code == 302 and Item.objects.count() == 5
    assert "Sandbox, in domain" in member.get("/catalogue/", {"kind": "prompts"}).text


def test_a_viewer_is_offered_no_change(as_person, lab, cats):
    page = as_person(lab.viewer).get(at("item", cats)).text
    assert "three cats" in page and "New version" not in page and "Delete" not in page
    assert "New " not in plain(as_person(lab.viewer).get("/catalogue/").text).split("Catalogue", 2)[2]


def test_pages_of_items_hold_each_once(member, lab, monkeypatch):
    monkeypatch.setattr(selectors, "PAGE_SIZE", 2)
    for name in ("B", "A", "D", "C", "E"):
        create_item(lab.member, lab.team, name, rewards_content(REWARDS))
    seen, query = [], {"kind": "rewards"}
    for _ in range(3):
        context = member.get("/catalogue/", query).context
        seen += [row.item.name for row in context["rows"]]
        query["after"] = context["next"]
    assert seen == ["A", "B", "C", "D", "E"] and query["after"] is None


def test_an_item_shows_its_newest_version_and_any_other(member, cats):
    newest, first = (plain(member.get(at("item", cats), query).text) for query in ({}, {"version": 1}))
    assert "v2, the newest" in newest and "three cats" in newest and "2 cats" not in newest
    assert "two cats" in first and "the newest" not in first.split("Versions")[0]
    assert cats.versions.get(number=2).reference in newest
    assert member.get(at("item", cats), {"version": 9}).status_code == 404


def test_versions_stand_newest_first_with_who_why_and_what_changed(member, cats):
    page = member.get(at("item", cats)).text
    rows = plain(page).partition("Versions")[2].partition("Runs that used it")[0]
    assert re.search(r"v2 better owner@example.org.* 0 .*What changed.*v1 a start member@example.org.*newest", rows)
    assert f"{at('difference', cats)}?before=1&amp;after=2" in page


def test_only_the_first_prompts_are_shown(member, lab):
    many = create_item(
        lab.member, lab.team, "Many", prompts_content("\n".join(f"prompt {n}." for n in range(60)))
    ).item
    page = plain(member.get(at("item", many)).text)
    assert "prompt 49." in page and "prompt 50." not in page and "The first 50 of 60." in page


def test_geneval2s_questions_are_counted_by_skill(member, lab):
    item = create_item(lab.member, lab.team, "Questions", prompts_content(QUESTIONED)).item
    page = plain(member.get(at("item", item)).text)
    assert "GenEval2's format, 1 question " in page and "count 1" in page and "two cats" in page


def test_runs_that_used_it_come_page_by_page(member, lab, cats, monkeypatch):
    monkeypatch.setattr(views, "NUM_RUNS", 2)
    uses = [use(lab, cats, 1, num_changes=number) for number in range(3)]
    first = member.get(at("item", cats))
    assert "with 2 changes" in first.text and "with 1 change<" in first.text.replace("</span>", "<")
    rest = member.get(at("item", cats), {"before": first.context["before"]}).context
    assert [*first.context["uses"], *rest["uses"]] == uses[::-1] and rest["before"] is None


def test_a_used_version_cannot_be_deleted_and_says_why(member, lab, cats):
    use(lab, cats, 1)
    page = member.get(at("item", cats)).text
    assert at("delete", cats, 2) in page and at("delete", cats, 1) not in page
    told = member.post(at("delete", cats, 1), follow=True).text
    assert "v1 stays: a run has used it." in told and cats.versions.count() == 2


def test_the_last_version_takes_the_item_along(member, mix):
    response = member.post(at("delete", mix, 1))
    assert response["Location"] == "/catalogue/?kind=rewards" and not Item.objects.filter(name="Mix").exists()


def test_what_changed_between_any_two_versions(member, lab, cats, mix):
    add_version(lab.member, mix, rewards_content([{"name": "pick_score", "weight": 1}, {"name": "hpsv2"}]))
    prompts = plain(member.get(at("difference", cats), {"before": 1, "after": 2}).text)
    assert "+2 added −1 removed 1 the same" in prompts and "removed: two cats" in prompts
    rewards = plain(member.get(at("difference", mix), {"before": 1, "after": 2}).text)
    assert "pick_score.weight 0.5 1.0 ocr ocr, weight 1 taken out hpsv2 not there hpsv2, weight 1" in rewards


FILES = [("cats", "cats-v1.txt", "a cat\ntwo cats"), ("mix", "mix-v1.yaml", "rewards:\n- name: pick_score")]


@pytest.mark.parametrize(("kind", "name", "start"), FILES)
def test_each_version_is_a_file(member, kind, name, start, request):
    response = member.get(at("file", request.getfixturevalue(kind), 1))
    assert response["Content-Disposition"] == f'attachment; filename="{name}"' and response.text.startswith(start)


def new(kind: str) -> str:
    return reverse("catalogue_new", args=[kind])


def test_a_pasted_prompt_set_is_made(member, lab):
    fields = fields_of(member.get(new("prompts")).text) | {"name": ["Dogs"], "text": ["a dog\na dog"], "note": ["why"]}
    response = member.post(new("prompts"), fields)
    version = Version.objects.get(item__name="Dogs")
    assert response["Location"] == at("item", version.item)
    assert (version.content["num_prompts"], version.content["num_duplicates"], version.note) == (1, 1, "why")


def test_an_uploaded_file_goes_before_what_was_pasted(member, lab):
    file = SimpleUploadedFile("set.jsonl", QUESTIONED.encode())
    member.post(new("prompts"), {"name": "Up", "team": lab.team.id, "text": "a dog", "file": file})
    assert Version.objects.get(item__name="Up").content["skills"] == {"count": 1}


def test_a_file_that_is_too_large_is_refused_unread(member, lab):
    file = SimpleUploadedFile("set.txt", b"x" * (MAX_BYTES + 1))
    response = member.post(new("prompts"), {"name": "Up", "team": lab.team.id, "file": file})
    assert response.status_code == 422 and "“set.txt” has 20.0 MB, more than 20 MB: split the set." in response.text


def test_what_does_not_fit_is_told_and_what_was_typed_stays(member, lab):
    response = member.post(new("prompts"), {"name": "", "team": lab.team.id, "text": '{"prompt": "a"}\nno json'})
    assert response.status_code == 422 and "Empty: give it a name." in response.text
    assert "Line 2 is no JSON object" in response.text
    assert fields_of(response.text)["text"] == ['{"prompt": "a"}\nno json'] and not Item.objects.exists()


def test_a_name_that_is_taken_is_told_at_its_field(member, lab, cats):
    response = member.post(new("prompts"), {"name": "Cats", "team": lab.team.id, "text": "a dog"})
    assert response.status_code == 422 and "“Cats” is a prompt set of Lab already" in response.text


def test_a_base_model_is_made_and_checked(member, lab):
    fields = fields_of(member.get(new("model")).text) | {"name": ["FLUX"], "family": ["flux1"]}
    refused = member.post(new("model"), fields | {"source": ["/etc"]})
    assert refused.status_code == 422 and "“/etc” is no model" in refused.text
    member.post(new("model"), fields | {"source": [" owner/flux "], "revision": ["abc"]})
    assert Version.objects.get().content == {"family": "flux1", "source": "owner/flux", "revision": "abc"}


def test_rewards_are_edited_in_the_blocks_of_the_runs_form(member, lab, mix):
    fields = fields_of(member.get(at("edit", mix)).text)
    assert fields["config.rewards"] == ["pick_score", "ocr"]
    fields = fields_of(member.post(at("edit", mix), fields | removing("ocr")).text)
    fields = fields_of(member.post(at("edit", mix), fields | adding("hpsv2")).text)
    assert fields["config.rewards"] == ["pick_score", "hpsv2"] and mix.versions.count() == 1
    refused = member.post(at("edit", mix), fields | {"config.rewards.hpsv2.weight": ["much"]})
    assert refused.status_code == 422 and "“much” does not fit: give a number." in refused.text
    assert member.post(at("edit", mix), fields | {"note": ["HPS"]}).status_code == 302
    newest = mix.versions.first()
    assert (newest.number, newest.note) == (2, "HPS")
    assert [block["name"] for block in newest.content] == ["pick_score", "hpsv2"]


def test_rewards_can_be_tried_from_their_page(member, as_person, lab, mix):
    address = reverse("dry_run_of_version", args=[mix.versions.get().id])
    assert f'href="{address}"' in member.get(at("item", mix)).text and member.get(address).status_code == 200
    assert address not in as_person(lab.viewer).get(at("item", mix)).text


def test_saving_without_a_change_makes_no_version(member, mix):
    response = member.post(at("edit", mix), fields_of(member.get(at("edit", mix)).text))
    assert response.status_code == 422 and "Nothing has changed since v1" in response.text


def test_an_older_version_can_be_the_start_of_the_next(member, cats):
    assert fields_of(member.get(at("edit", cats), {"from": "1"}).text)["text"] == ["a cat\ntwo cats\n"]


def test_a_long_set_is_changed_by_file(member, lab):
    long = prompts_content("\n".join(f"{number} {'x' * 1000}" for number in range(1001)))
    item = create_item(lab.member, lab.team, "Long", long).item
    page = member.get(at("edit", item)).text
    assert "too long to be edited here" in page and fields_of(page)["text"] == [""]


def check(member, kind: str, fields: dict, item: Item | None = None) -> str:
    address = reverse("catalogue_check", args=[kind]) + (f"?item={item.id}" if item else "")
    return plain(member.post(address, fields).text)


def test_while_one_types_it_says_what_it_makes_and_what_changes(member, cats):
    told = check(member, "prompts", {"text": "a cat\nfive cats"}, cats)
    assert "2 prompts" in told and "What changes since v2" in told and "+1 added −2 removed" in told
    assert "Line 1 has a NUL" in check(member, "prompts", {"text": "a\0b"})
    assert "two cats" in check(member, "prompts", {"text": QUESTIONED})


def test_rewards_are_judged_while_one_types(member, mix):
    fields = fields_of(member.get(at("edit", mix)).text)
    assert "Nothing differs." in check(member, "rewards", fields, mix)
    changed = fields | {"config.rewards.ocr.weight": ["3"]}
    assert "ocr.weight 1.0 3.0" in check(member, "rewards", changed, mix)
    both = fields | {"config.rewards.ocr.weight": ["x"], "config.rewards.pick_score.divisor": ["0"]}
    told = check(member, "rewards", both, mix)
    assert "“x” does not fit: give a number." in told and "“0” does not fit: give a number above 0." in told


@pytest.mark.parametrize("kind", ["rewards", "model"])
def test_what_a_run_has_is_saved_to_the_catalogue(member, lab, kind):
    run = add_run(lab.experiment)
    page = member.get(reverse("run", args=[run.id])).text
    address = f"{new(kind)}?run={run.id}"
    assert f'href="{address}"' in page
    fields = fields_of(member.get(address).text) | {"name": ["From a run"]}
    assert member.post(new(kind), fields).status_code == 302
    content = rewards_content(run.config[kind]) if kind == "rewards" else model_content(run.config[kind])
    assert Version.objects.get().content == content.data
    assert member.get(f"{new('prompts')}?run={run.id}").status_code == 403


def test_a_runs_page_tells_what_it_was_submitted_with(member, lab, cats):
    run = use(lab, cats, 2, num_changes=1).run
    page = plain(member.get(reverse("run", args=[run.id])).text)
    assert "Prompts to train on Cats v2 with 1 change" in page


def test_no_page_makes_more_queries_as_its_rows_grow(member, lab, cats):
    def counts() -> list[int]:
        found = []
        for address in ("/catalogue/?kind=prompts", at("item", cats), at("difference", cats) + "?before=1&after=2"):
            with CaptureQueriesContext(connection) as queries:
                assert member.get(address).status_code == 200
            found.append(len(queries))
        return found

    use(lab, cats, 1)
    before = counts()
    for number in range(10):
        create_item(lab.member, lab.team, f"Number {number}", prompts_content(f"prompt {number}"))
        add_version(lab.member, cats, prompts_content(f"prompt {number}"))
        use(lab, cats, 1)
    assert counts() == before
