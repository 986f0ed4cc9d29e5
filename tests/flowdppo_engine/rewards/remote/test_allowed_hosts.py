import httpx
import pytest
import torch

from flowdppo_engine.config import HttpRewardConfig
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import RewardError
from flowdppo_engine.rewards.remote.allowed_hosts import AllowedHosts
from flowdppo_engine.rewards.remote.http_reward import HttpReward
from tests.flowdppo_engine.rewards.remote.reward_server import as_json

IMAGE = torch.zeros(1, 3, 8, 8)
LISTED = "judge.example.org, localhost:8000, *.rewards.example.org:8443, 10.0.0.7:*, [::1]:9000"


def is_allowed(url: str, listed: str = LISTED) -> bool:
    try:
        AllowedHosts.parse(listed).check(httpx.URL(url))
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "url",
    [
        "https://judge.example.org/score",
        "http://JUDGE.example.org.:80/score",
        "http://localhost:8000",
        "https://a.rewards.example.org:8443/v1",
        "https://a.b.rewards.example.org:8443/v1",
        "http://10.0.0.7:1234",
        "http://[::1]:9000/",
    ],
)
def test_a_listed_host_may_be_asked(url):
    assert is_allowed(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://judge.example.org:8443/",
        "http://localhost",
        "http://localhost:6379",
        "https://rewards.example.org:8443",
        "https://evil-rewards.example.org:8443",
        "https://judge.example.org.evil.example/",
        "http://10.0.0.70:1234",
        "http://[::1]/",
        "http://127.0.0.1:8000",
        "http://169.254.169.254/latest/meta-data",
    ],
)
def test_no_other_host_may(url):
    assert not is_allowed(url)


def test_nothing_is_allowed_where_nothing_is_listed():
    assert not is_allowed("http://localhost:8000", "") and not is_allowed("https://example.org", " , ")


@pytest.mark.parametrize("entry", ["https://example.org", "a b", "example.org:https", "ex*mple.org", "*"])
def test_an_entry_that_cannot_be_read_is_told(entry):
    with pytest.raises(BadConfig, match="FLOWDPPO_REWARD_HOSTS has .* write host, host:port"):
        AllowedHosts.parse(f"example.org,{entry}")


@pytest.mark.parametrize(
    ("url", "addresses", "is_trusted"),
    [
        # A name that is listed itself may lead into the private network, but not to the cloud's own service.
        ("https://judge.example.org", ["10.1.2.3"], True),
        ("https://judge.example.org", ["127.0.0.1", "::1"], True),
        ("https://judge.example.org", ["169.254.169.254"], False),
        ("https://judge.example.org", ["::ffff:169.254.169.254"], False),
        ("https://judge.example.org", ["10.1.2.3", "169.254.169.254"], False),
        ("https://judge.example.org", ["0.0.0.0"], False),
        ("https://judge.example.org", [], False),
        # A name below a listed domain leads to public addresses only.
        ("https://a.rewards.example.org:8443", ["93.184.215.14", "2606:4700::1111"], True),
        ("https://a.rewards.example.org:8443", ["127.0.0.1"], False),
        ("https://a.rewards.example.org:8443", ["10.1.2.3"], False),
        ("https://a.rewards.example.org:8443", ["93.184.215.14", "192.168.0.1"], False),
        ("https://a.rewards.example.org:8443", ["::ffff:127.0.0.1"], False),
    ],
)
def test_where_a_name_may_lead(url, addresses, is_trusted):
    hosts = AllowedHosts.parse(LISTED)
    if is_trusted:
        assert hosts.check_addresses(httpx.URL(url), addresses) == addresses
    else:
        with pytest.raises(ValueError, match="leads to an address that FLOWDPPO_REWARD_HOSTS does not allow it"):
            hosts.check_addresses(httpx.URL(url), addresses)


def test_a_link_local_address_that_is_listed_itself_is_allowed():
    hosts = AllowedHosts.parse("169.254.1.1")
    assert hosts.check_addresses(httpx.URL("http://169.254.1.1"), ["169.254.1.1"]) == ["169.254.1.1"]


def test_a_name_below_a_listed_domain_that_leads_to_this_machine_reaches_nobody(serve, monkeypatch):
    server = serve(lambda request, index: as_json({"scores": [1.0]}))
    monkeypatch.setenv("FLOWDPPO_REWARD_HOSTS", "*.localhost:*")
    monkeypatch.setattr(
        "asyncio.base_events.socket.getaddrinfo", lambda *_: [(2, 1, 6, "", ("127.0.0.1", server.port))]
    )
    reward = HttpReward(HttpRewardConfig(url=f"http://inner.localhost:{server.port}"))
    with pytest.raises(RewardError, match="failed after 1 attempt: inner.localhost leads to an address"):
        reward.measure(IMAGE, [Prompt("a")])
    assert server.requests == []


def test_a_name_that_has_several_addresses_is_reached_at_one_that_answers(serve, monkeypatch):
    server = serve(lambda request, index: as_json({"scores": [0.5]}))
    monkeypatch.setenv("FLOWDPPO_REWARD_HOSTS", f"judge.example.org:{server.port}")
    found = [(2, 1, 6, "", (address, server.port)) for address in ("127.0.0.2", "127.0.0.1")]
    monkeypatch.setattr("asyncio.base_events.socket.getaddrinfo", lambda *_: found)
    reward = HttpReward(HttpRewardConfig(url=f"http://judge.example.org:{server.port}", attempts=1))
    assert reward.measure(IMAGE, [Prompt("a")]).reward.tolist() == [0.5]
    assert server.requests[0].headers["Host"] == f"judge.example.org:{server.port}"
