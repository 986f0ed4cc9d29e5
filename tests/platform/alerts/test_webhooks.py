"""Webhooks against a real server: what arrives, that its signature holds, and where they do not go."""

import base64
import hashlib
import hmac
import time

import httpx
import pytest

from alerts import hosts, signing
from alerts.addresses import is_public
from alerts.hosts import HostRefused, find_addresses
from alerts.webhooks import NotDelivered, Webhook
from tests.platform.alerts.receiver import Receiver

SECRET = signing.make_secret()


def expected_signature(received, secret: str) -> str:
    """As docs/alerts.md tells a receiver to work it out."""
    signed = f"{received.headers['webhook-id']}.{received.headers['webhook-timestamp']}.".encode() + received.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def test_the_body_arrives_whole_and_signed(receiver):
    content = {"type": "test", "name": "Größe", "value": 0.1}
    assert Webhook(receiver.url, SECRET).post("id-1", content) == 200
    (received,) = receiver.received
    assert (received.path, received.content) == ("/hook", content)
    assert received.headers["webhook-id"] == "id-1"
    assert abs(int(received.headers["webhook-timestamp"]) - time.time()) < 60
    assert received.headers["webhook-signature"] == expected_signature(received, SECRET)
    assert received.headers["webhook-signature"] != expected_signature(received, signing.make_secret())
    assert received.headers["Host"] == f"127.0.0.1:{receiver.port}"


def test_the_check_that_the_documentation_shows_tells_ours_from_others(receiver, settings):
    Webhook(receiver.url, SECRET).post("id-1", {"type": "test"})
    page = (settings.ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    shown: dict = {}
    exec(page.split("```python")[1].split("```")[0], shown)
    (received,) = receiver.received
    assert shown["is_ours"](SECRET, received.headers, received.body)
    assert not shown["is_ours"](SECRET, received.headers, received.body + b" ")
    assert not shown["is_ours"](SECRET, {**received.headers, "webhook-timestamp": "1700000000"}, received.body)


def test_the_signature_is_that_of_the_published_scheme():
    """The example of the Standard Webhooks specification."""
    headers = signing.headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("status", [400, 404, 429, 500])
def test_an_answer_that_is_no_success_is_told_with_its_words(receiver, status):
    receiver.status, receiver.body = status, b"no such hook"
    with pytest.raises(NotDelivered, match=f"Status {status}: no such hook") as caught:
        Webhook(receiver.url, SECRET).post("id", {})
    assert caught.value.status == status


def test_a_redirection_is_not_followed(receiver):
    with Receiver() as elsewhere:
        receiver.status, receiver.headers = 302, {"Location": elsewhere.url}
        with pytest.raises(NotDelivered, match="a redirection, which is not followed"):
            Webhook(receiver.url, SECRET).post("id", {})
        assert elsewhere.received == []


def test_an_answer_without_end_is_cut_off(receiver):
    receiver.body = b"x" * 3_000_000
    assert Webhook(receiver.url, SECRET).post("id", {}) == 200


def test_a_server_that_is_not_there_is_told(settings):
    settings.MESSAGE_HOSTS = "127.0.0.1:*"
    with pytest.raises(NotDelivered, match="ConnectError"):
        Webhook("http://127.0.0.1:1/", SECRET).post("id", {})


@pytest.mark.parametrize("listed", ["", "127.0.0.1", "10.0.0.1:*", "127.0.0.1:1"])
def test_a_private_server_is_refused_unless_it_is_listed_with_its_port(receiver, settings, listed):
    settings.MESSAGE_HOSTS = listed
    with pytest.raises(NotDelivered, match="no public server: the site's operator can add 127.0.0.1:"):
        Webhook(receiver.url, SECRET).post("id", {})
    assert receiver.received == []


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"],
)  # fmt: skip
def test_addresses_that_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111"])
def test_addresses_that_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize("name", ["localhost", "2130706433", "0x7f000001", "127.1"])
def test_other_names_of_this_machine_are_refused(settings, name):
    settings.MESSAGE_HOSTS = ""
    with pytest.raises(HostRefused):
        find_addresses(httpx.URL(f"http://{name}:80/"))


def test_a_name_that_leads_to_a_public_and_a_private_address_is_refused(settings, monkeypatch):
    settings.MESSAGE_HOSTS = ""
    found = [(2, 1, 6, "", (address, 80)) for address in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(hosts.socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(HostRefused, match="rebind.example.org is no public server"):
        find_addresses(httpx.URL("http://rebind.example.org/"))
    monkeypatch.setattr(hosts.socket, "getaddrinfo", lambda *_, **__: found[:1])
    assert find_addresses(httpx.URL("http://rebind.example.org/")) == ["8.8.8.8"]


def test_a_list_that_cannot_be_read_says_so(settings):
    settings.MESSAGE_HOSTS = "http://example.org"
    with pytest.raises(HostRefused, match="FLOWDPPO_MESSAGE_HOSTS cannot be read"):
        hosts.listed_hosts()
