"""Static files, error pages, and what every answer carries."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.platform.lab import PASSWORD


@pytest.mark.parametrize(
    "path", ["css/tokens.css", "css/site.css", "js/site.js", "django_htmx/htmx-2.min.js", "plotly/plotly.min.js"]
)
def test_static_files_come_without_being_collected(path, client):
    response = client.get(f"/static/{path}")
    assert response.status_code == 200
    assert int(response["Content-Length"]) == len(response.content) > 500
    again = client.get(f"/static/{path}", headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_part_of_a_static_file(client):
    whole = client.get("/static/js/site.js").content
    part = client.get("/static/js/site.js", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole[10:20])
    head = client.head("/static/js/site.js")
    assert (head.content, int(head["Content-Length"])) == (b"", len(whole))


def test_pages_load_nothing_from_elsewhere(client, db):
    response = client.get(reverse("account_login"))
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "http://" not in response.text and "https://" not in response.text


def test_a_page_that_is_not_there_says_what_to_do(member):
    response = member.get("/nothing/")
    assert response.status_code == 404
    assert "belongs to a team that you are not in" in response.text


def test_what_breaks_breaks_in_style(lab, monkeypatch):
    def broken(*_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("runs.experiment_views.read_experiments", broken)
    client = Client(raise_request_exception=False)
    client.force_login(lab.member)
    response = client.get("/")
    assert response.status_code == 500
    assert "Nothing that a run produced is lost" in response.text
    assert "secret detail" not in response.text


def test_a_refusal_names_the_remedy(lab, as_person):
    response = as_person(lab.viewer).get(reverse("run_new", args=[lab.experiment.id]))
    assert "ask an owner of the team to make you a member" in response.text


def test_sign_in_and_out(client, lab):
    response = client.post(reverse("account_login"), {"login": "Member@example.org", "password": PASSWORD})
    assert response["Location"] == "/"
    page = client.get("/").text
    assert "member@example.org" in page and "Successfully" not in page
    assert client.post(reverse("account_logout"))["Location"] == reverse("account_login")
    assert client.get("/")["Location"] == "/accounts/login/?next=/"


def test_a_wrong_password_is_told_without_naming_the_account(client, lab):
    answers = [
        client.post(reverse("account_login"), {"login": login, "password": "wrong"}).text
        for login in ("member@example.org", "nobody@example.org")
    ]
    assert all("email address and/or password" in answer for answer in answers)


def test_a_fragment_of_an_ended_session_reloads_the_page(client, lab):
    response = client.get(reverse("experiment_runs", args=[lab.experiment.id]), HTTP_HX_REQUEST="true")
    assert (response.status_code, response["HX-Refresh"]) == (204, "true")
