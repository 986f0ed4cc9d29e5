"""The pages of comments without scripts, and what htmx gets of them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comments import inbox_views, selectors, services
from comments.models import Comment, Notice
from comments.subjects import find_subject
from tests.platform.lab import Lab, add_run, add_sample

pytestmark = pytest.mark.django_db

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def run(lab):
    return add_run(lab.experiment, "mine", created_by=lab.owner)


def say(person, about, text: str = "well") -> Comment:
    return services.add_comment(person, find_subject(person, str(about)), text)


def test_a_run_and_a_picture_ask_for_their_threads(lab: Lab, run, member):
    sample = add_sample(run, 4)
    for page, about in ((reverse("run", args=[run.id]), run.id), (f"/pictures/s{sample.id}/", f"s{sample.id}")):
        text = member.get(page).text
        assert f'hx-get="/comments/?about={about}"' in text and 'hx-trigger="revealed"' in text
        assert f'<a href="/comments/?about={about}">' in text


def test_a_comment_is_written_without_scripts(lab: Lab, run, member):
    answer = member.post(reverse("comment_new"), {"about": run.id, "text": "**Good**, @viewer and @stranger"})
    comment = Comment.objects.get()
    assert answer["Location"] == f"/comments/?about={run.id}&comment={comment.id}#comments"
    page = member.get(answer["Location"]).text
    assert '<strong>Good</strong>, <span class="mention" title="viewer@example.org">@viewer</span>' in page
    assert "comment pointed-out" in page and "stranger@" not in page


def test_what_is_in_a_comment_stays_text(lab: Lab, run, member):
    say(lab.member, run.id, "<script>alert(1)</script> ![x](https://e.org/x.png) [y](javascript:alert) `@viewer`")
    page = member.get(reverse("comment_thread"), {"about": run.id}).text
    assert "<script>alert" not in page and "&lt;script&gt;" in page
    assert "<img" not in page.partition('id="comment-list"')[2] and 'href="javascript' not in page
    assert "<code>@viewer</code>" in page


def test_a_refused_comment_comes_back_with_what_is_wrong(lab: Lab, run, member):
    answer = member.post(reverse("comment_new"), {"about": run.id, "text": "x" * 10_001}, **HTMX)
    assert answer.status_code == 422 and "10,001 characters" in answer.text and "x" * 10_001 in answer.text
    assert 'aria-invalid="true"' in answer.text and "<html" not in answer.text


def test_the_list_is_sent_again_only_where_it_is_new(lab: Lab, run, member):
    first = say(lab.member, run.id)
    digest = selectors.read_thread(lab.member, find_subject(lab.member, str(run.id))).digest
    question = {"about": run.id, "shown": digest}
    assert member.get(reverse("comment_list"), question).status_code == 204
    services.edit_comment(lab.member, first, "changed")
    answer = member.get(reverse("comment_list"), question)
    assert answer.status_code == 200 and "changed" in answer.text and "<form" in answer.text
    assert "textarea" not in answer.text


def test_a_comment_is_changed_in_its_place(lab: Lab, run, member):
    comment = say(lab.member, run.id, "as it was")
    edit = reverse("comment_edit", args=[comment.id])
    assert "as it was</textarea>" in member.get(edit, **HTMX).text
    refused = member.post(edit, {"text": " "}, **HTMX)
    assert refused.status_code == 422 and "Empty: write something" in refused.text
    changed = member.post(edit, {"text": "as it is"}, **HTMX).text
    assert "as it is" in changed and "edited" in changed and changed.lstrip().startswith("<article")
    assert "as it is" in member.get(edit, {"leave": "1"}, **HTMX).text
    assert "<html" in member.get(edit).text
    assert member.post(reverse("comment_delete", args=[comment.id]), **HTMX).text == ""
    assert not Comment.objects.exists()


def test_a_link_leads_to_the_page_where_the_comment_stands(lab: Lab, run, member, monkeypatch):
    monkeypatch.setattr(selectors, "PAGE_SIZE", 2)
    comments = [say(lab.member, run.id, str(number)) for number in range(4)]
    new, old = (
        member.get(reverse("comment", args=[comment.id]))["Location"] for comment in (comments[2], comments[0])
    )
    assert "before" not in new and f"before={comments[0].id + 1}" in old
    page = member.get(old)
    assert (
        f'comment pointed-out"\n         id="comment-{comments[0].id}"' in page.text and "Newest comments" in page.text
    )


def test_a_comment_on_a_picture_that_is_gone_leads_to_its_run(lab: Lab, run, member):
    comment = say(lab.member, f"s{add_sample(run, 4).id}")
    attempt = run.attempts.get()
    attempt.valid_until = 2
    attempt.save()
    assert f"about={run.id}&" in member.get(reverse("comment", args=[comment.id]))["Location"]


def test_the_inbox_counts_until_it_was_seen(lab: Lab, run, as_person):
    viewer = as_person(lab.viewer)
    assert "Nothing yet" in viewer.get(reverse("inbox")).text
    say(lab.member, run.id, "@viewer, look")
    page = viewer.get(reverse("inbox")).text
    assert 'aria-label="Inbox: 1 unread"' in page and "member mentioned you" in page and "@viewer, look" in page
    viewer.get(reverse("comment_thread"), {"about": run.id}, **HTMX)
    page = viewer.get(reverse("inbox")).text
    assert 'aria-label="Inbox"' in page and "member mentioned you" in page
    assert "Nothing unread" in viewer.get(reverse("inbox"), {"show": "unread"}).text


def test_all_are_read_at_once_but_nobody_elses(lab: Lab, run, as_person):
    say(lab.member, run.id, "@viewer @owner")
    assert as_person(lab.viewer).post(reverse("inbox_read"))["Location"] == "/inbox/"
    assert (selectors.num_unread(lab.viewer), selectors.num_unread(lab.owner)) == (0, 1)


def test_the_inbox_comes_a_page_at_a_time_with_as_many_queries(lab: Lab, run, as_person, monkeypatch):
    monkeypatch.setattr(inbox_views, "PAGE_SIZE", 3)
    viewer = as_person(lab.viewer)
    say(lab.member, run.id, "@viewer 0")
    with CaptureQueriesContext(connection) as few:
        viewer.get(reverse("inbox"))
    for number in range(1, 5):
        say(lab.member, run.id, f"@viewer {number}")
    with CaptureQueriesContext(connection) as many:
        page = viewer.get(reverse("inbox")).text
    assert len(many) == len(few) and "@viewer 4" in page and "@viewer 1" not in page
    older = f"?before={Notice.objects.filter(user=lab.viewer)[2].id}"
    assert older in page and "@viewer 1" in viewer.get(reverse("inbox") + older).text


def test_a_thread_makes_no_more_queries_as_it_grows(lab: Lab, run, member):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert member.get(reverse("comment_thread"), {"about": run.id}, **HTMX).status_code == 200
        return len(captured)

    samples = [add_sample(run, iteration) for iteration in range(1, 6)]
    say(lab.member, f"s{samples[0].id}")
    before = queries()
    for sample in samples:
        say(lab.owner, f"s{sample.id}", "@member")
    assert queries() <= before


def test_nobody_else_comments(lab: Lab, run, as_person):
    for person in (None, lab.stranger):
        as_person(person).post(reverse("comment_new"), {"about": run.id, "text": "spam"})
    assert not Comment.objects.exists()
    as_person(lab.viewer).post(reverse("comment_new"), {"about": run.id, "text": "well"})
    assert Comment.objects.get().author == lab.viewer
