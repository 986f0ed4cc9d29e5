"""The pages of alerts and rules: what they show, and that they cost the same however long the lists are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from alerts import services, watch
from alerts.models import Alert, Kind, Rule
from alerts.selectors import PAGE_SIZE
from tests.platform.alerts.test_services import add_alert
from tests.platform.alerts.watched_run import QUALITY
from tests.platform.lab import add_run


@pytest.fixture
def hacked(watched) -> Alert:
    """An alert of reward hacking with samples then and now."""
    watched.draw_scored(0, {"a circle": [10.0, 20.0]})
    watched.hack()
    watched.draw_scored(60, {"a circle": [90.0, 95.0]})
    watch.look()
    return Alert.objects.get()


def test_an_alert_shows_curves_and_the_samples_then_and_now(hacked, member):
    page = member.get(reverse("alert", args=[hacked.id])).text
    assert hacked.summary in page and f"{QUALITY} on sandbox:in_domain" in page
    assert page.count('<polyline class="curve"') == 2 and page.count('class="moment now"') == 2
    for pair in hacked.evidence.all():
        for sample in (pair.now, pair.then):
            assert reverse("sample_thumbnail", args=[sample.id]) in page
    assert "at iteration 0 and at iteration 60" in page and "95.0" in page and "20.0" in page


def test_an_alert_is_seen_to_by_a_member_and_shown_as_such(hacked, lab, member, as_person):
    viewer = as_person(lab.viewer)
    address = reverse("alert", args=[hacked.id])
    assert "Seen to</button>" in member.get(address).text
    assert "Seen to</button>" not in viewer.get(address).text
    assert member.post(reverse("alert_acknowledge", args=[hacked.id])).status_code == 302
    assert "Seen to by member@example.org" in viewer.get(address).text


def test_the_bell_counts_what_is_open(hacked, member):
    assert 'class="bell-count" aria-hidden="true">1<' in member.get(reverse("teams")).text
    member.post(reverse("alert_acknowledge", args=[hacked.id]))
    assert "bell-count" not in member.get(reverse("teams")).text


def test_a_page_for_nobody_asks_for_no_alerts(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert "bell" not in client.get(reverse("join")).text


def test_the_strip_is_on_the_pages_of_run_and_experiment(hacked, lab, member):
    address = reverse("alert", args=[hacked.id])
    for name, thing in (("run", hacked.run_id), ("experiment", lab.experiment.id), ("run_alerts", hacked.run_id)):
        assert address in member.get(reverse(name, args=[thing])).text
    services.acknowledge(lab.member, hacked)
    assert address not in member.get(reverse("run_alerts", args=[hacked.run_id])).text


def test_the_list_shows_open_ones_or_all_and_goes_by_pages(lab, member):
    run = add_run(lab.experiment)
    alerts = [add_alert(run, mark) for mark in range(PAGE_SIZE + 5)]
    services.acknowledge(lab.member, alerts[-1])
    first = member.get(reverse("alerts"))
    assert [alert.id for alert in first.context["alerts"]] == [alert.id for alert in alerts[-2:3:-1]]
    add_alert(run, 1000)
    older = member.get(reverse("alerts"), {"before": first.context["older"]})
    assert [alert.id for alert in older.context["alerts"]] == [alert.id for alert in alerts[3::-1]]
    assert alerts[-1].id in [alert.id for alert in member.get(reverse("alerts"), {"show": "all"}).context["alerts"]]


def test_what_a_page_shows_is_seen_to_with_one_click(lab, member, as_person):
    run = add_run(lab.experiment)
    first, second, third = (add_alert(run, mark) for mark in range(3))
    assert "Seen to all on this page" in member.get(reverse("alerts")).text
    assert "Seen to all on this page" not in as_person(lab.viewer).get(reverse("alerts")).text
    member.post(reverse("alerts_acknowledge"), {"alert": [first.id, third.id, "nonsense"]})
    assert [alert.id for alert in member.get(reverse("alerts")).context["alerts"]] == [second.id]


@pytest.mark.parametrize("name", ["alerts", "experiment"])
def test_queries_do_not_grow_with_the_alerts(lab, member, name):
    run = add_run(lab.experiment)
    address = reverse(name, args=[lab.experiment.id] if name == "experiment" else [])
    counts = []
    for marks in (range(1), range(1, 20)):
        for mark in marks:
            services.acknowledge(lab.member, add_alert(run, mark)) if mark % 2 else add_alert(run, mark)
        with CaptureQueriesContext(connection) as queries:
            member.get(address, {"show": "all"})
        counts.append(len(queries))
    assert counts[0] == counts[1]


class TestRules:
    def address(self, lab) -> str:
        return reverse("alert_rules", args=[lab.experiment.id])

    def test_one_rule_is_saved_and_the_others_stay(self, lab, member):
        sent = {"kind": "kl_budget", "kl_budget-is_on": "on", "kl_budget-metric": "kl/reference_mean"}
        sent |= {"kl_budget-budget": "0.002", "kl_budget-num_iterations": "3"}
        assert member.post(self.address(lab), sent).status_code == 302
        rule = Rule.objects.get()
        assert (rule.kind, rule.is_on, rule.pauses) == ("kl_budget", True, False)
        assert rule.options == {"metric": "kl/reference_mean", "budget": 0.002, "num_iterations": 3}
        page = member.get(self.address(lab)).text
        assert 'value="0.002"' in page and "is saved and holds from now on" in page

    def test_a_number_that_cannot_be_is_shown_with_the_reason(self, lab, member):
        sent = {"kind": "no_progress", "no_progress-minutes": "soon"}
        response = member.post(self.address(lab), sent)
        assert response.status_code == 422 and Rule.objects.count() == 0
        assert "is no number: give one such as 30" in response.text and 'value="soon"' in response.text

    def test_a_rule_goes_back_to_its_default(self, lab, member):
        services.set_rule(lab.member, lab.experiment, Kind.NO_PROGRESS, is_on=False, pauses=False, options={})
        reset = reverse("alert_rule_reset", args=[lab.experiment.id, "no_progress"])
        assert reset in member.get(self.address(lab)).text
        member.post(reset)
        assert Rule.objects.count() == 0
        assert member.post(reverse("alert_rule_reset", args=[lab.experiment.id, "nonsense"])).status_code == 404

    def test_a_viewer_sees_the_rules_and_no_button(self, lab, as_person):
        page = as_person(lab.viewer).get(self.address(lab)).text
        assert "Reward hacking" in page and "Save</button>" not in page

    def test_a_kind_that_does_not_exist_changes_nothing(self, lab, member):
        assert member.post(self.address(lab), {"kind": "nonsense"}).status_code == 422
        assert Rule.objects.count() == 0
