"""Messages by apprise: against a real server, and what of its services and addresses is refused."""

import pytest

from alerts import apprise_services, messages
from alerts.apprise_services import AddressRefused, check_address
from alerts.messages import Message
from alerts.webhooks import NotDelivered
from tests.platform.alerts.receiver import Receiver


def gotify(receiver: Receiver) -> str:
    return f"gotify://127.0.0.1:{receiver.port}/app-token-1234"


def test_a_message_arrives(receiver):
    message = Message.read(gotify(receiver))
    assert "app-token-1234" not in message.shown and message.server == f"http://127.0.0.1:{receiver.port}"
    message.send("Run failed: run 7", "Out of cheese.\nhttp://localhost:8000/runs/7/")
    (received,) = receiver.received
    assert received.path == "/message"
    assert received.content["title"] == "Run failed: run 7" and "Out of cheese." in received.content["message"]


def test_a_server_that_does_not_take_it_is_told_without_the_secret(receiver):
    message = Message.read(gotify(receiver))
    receiver.status = 403
    with pytest.raises(NotDelivered) as caught:
        message.send("title", "body")
    assert str(caught.value) and "app-token-1234" not in str(caught.value)


def test_a_server_that_is_not_listed_is_refused_when_it_is_made_and_when_it_is_sent(receiver, settings):
    message = Message.read(gotify(receiver))
    settings.MESSAGE_HOSTS = ""
    with pytest.raises(AddressRefused, match="127.0.0.1 is no public server"):
        Message.read(gotify(receiver))
    with pytest.raises(NotDelivered, match="127.0.0.1 is no public server"):
        message.send("title", "body")
    assert receiver.received == []


def test_the_process_itself_connects_to_nothing_else(receiver):
    """As if the name led elsewhere by now: the address that is connected to is what counts."""
    message = Message(gotify(receiver), f"gotify://127.0.0.1:{receiver.port}/a...4/", server="")
    with pytest.raises(NotDelivered, match="127.0.0.1 is no public address"):
        message.send("title", "body")
    assert receiver.received == []


def test_a_redirection_leads_nowhere(receiver, settings):
    with Receiver() as elsewhere:
        message = Message.read(gotify(receiver))
        receiver.status, receiver.headers = 307, {"Location": elsewhere.url}
        with pytest.raises(NotDelivered):
            message.send("title", "body")
        assert elsewhere.received == []


@pytest.mark.parametrize(
    "address, problem",
    [
        ("", "no apprise address"),
        ("hooks.example.org", "no apprise address"),
        ("slack://" + "x" * 2000, "no apprise address"),
        ("json://example.org/", "make a webhook instead"),
        ("xmls://example.org/", "make a webhook instead"),
        ("https://example.org/", "make a webhook instead"),
        ("syslog://", "no apprise address"),
        ("syslog://local5", "syslog:// is not among the services"),
        ("dbus://path", "dbus:// is not among the services"),
        ("exec://rm", "exec:// is not among the services"),
        ("file:///etc/passwd", "file:// is not among the services"),
        ("mailto://me:pw@example.org?pgppub=/etc/passwd", r"\?pgppub= may not be set"),
        ("discord://1/2?template=file:///etc/passwd", r"\?template= may not be set"),
        ("ntfy://topic?attach=http://10.0.0.1/", r"\?attach= may not be set"),
        ("slack://a/b/c?Redirect=yes", r"\?Redirect= may not be set"),
    ],
)
def test_addresses_that_are_refused(address, problem):
    with pytest.raises(AddressRefused, match=problem):
        check_address(address)


def test_an_address_that_is_not_complete_is_refused():
    with pytest.raises(AddressRefused, match="This address is not complete"):
        Message.read("slack://x")


def test_a_mail_server_that_the_address_names_in_passing_is_checked_too():
    with pytest.raises(AddressRefused, match="10.0.0.1 is no public server"):
        Message.read("mailtos://me:pw@mail.example.org?smtp=10.0.0.1&to=you@example.org")


def test_apprise_knows_every_service_that_is_offered():
    import apprise

    known = {
        str(schema)
        for service in apprise.Apprise().details()["schemas"]
        for schema in (*(service["protocols"] or ()), *(service["secure_protocols"] or ()))
    }
    assert set(apprise_services.SERVICES) <= known


def test_words_are_kept_free_of_what_is_secret_in_the_address():
    address, shown = "gotify://user1:pass42@example.org/app-token-1234", "gotify://user1:****@example.org/a...4"
    words = messages._without_secrets("example.org: pass42 at app-token-1234", address, shown)
    assert words == "example.org: *** at ***"
