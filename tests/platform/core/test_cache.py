"""The cache that all processes share."""

import logging

import pytest
import redis
from django.conf import settings as django_settings
from django.core.cache import cache, caches
from django.urls import reverse

from core import cache as core_cache


@pytest.fixture
def away(settings):
    """Redis does not answer."""
    settings.CACHES = core_cache.caches("redis://127.0.0.1:1/0")
    return caches["default"]


def test_another_process_sees_what_this_one_counts(servers):
    cache.set("attempts", [1.5, 2.5], 60)
    another = core_cache.SharedCache(django_settings.REDIS_URL, django_settings.CACHES["default"])
    assert another.get("attempts") == [1.5, 2.5]
    assert another.incr("number", 1) if another.add("number", 1) else pytest.fail("It was there.")
    assert (cache.get("number"), cache.delete("number"), cache.get("number")) == (2, True, None)


def test_values_are_text_on_the_server_and_no_pickle(servers):
    cache.set("a", {"b": [1, None]}, 60)
    client = redis.Redis.from_url(django_settings.REDIS_URL)
    assert client.get("cache:1:a") == b'{"b": [1, null]}'


def test_clearing_leaves_the_brokers_messages(servers):
    client = redis.Redis.from_url(django_settings.REDIS_URL)
    client.rpush("messages-of-the-broker", "x")
    cache.set("a", 1)
    cache.clear()
    assert cache.get("a") is None and client.llen("messages-of-the-broker") == 1
    client.delete("messages-of-the-broker")


def test_while_redis_is_away_each_process_counts_for_itself_and_says_so(away, caplog):
    with caplog.at_level(logging.WARNING, logger="core.cache"):
        away.set("a", 1)
        assert (away.get("a"), away.incr("a"), away.get("b")) == (1, 2, None)
    assert caplog.text.count("each process counts attempts for itself") == 1


def test_attempts_to_sign_in_are_counted_by_the_address_that_the_proxy_saw(client, lab, settings):
    cache.clear()
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1

    def attempt(seen_by_proxy: str, written_by_anybody: str):
        form = {"login": f"{written_by_anybody}@example.org", "password": "wrong"}
        header = f"{written_by_anybody}, {seen_by_proxy}"
        return client.post(reverse("account_login"), form, headers={"X-Forwarded-For": header})

    answers = [attempt("203.0.113.7", f"10.0.0.{number}") for number in range(1, 40)]
    assert (answers[0].status_code, answers[-1].status_code) == (200, 429)
    assert "Wait a few minutes" in answers[-1].text
    assert attempt("203.0.113.8", "10.0.0.1").status_code == 200
    cache.clear()
