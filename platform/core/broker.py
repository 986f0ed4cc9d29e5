"""What Celery must be told for each kind of broker: Redis, or RabbitMQ."""

from kombu.utils.url import parse_url

REDIS = ("redis", "rediss")
CONNECT_SECONDS = 3
ANSWER_SECONDS = 10


def is_redis(url: str) -> bool:
    return parse_url(url)["transport"] in REDIS


def taking(url: str) -> dict:
    """Settings of a worker: it reserves nothing beyond what it works on."""
    # Only over Redis can a worker that acknowledges early do without the one message that it holds in reserve. Over
    # RabbitMQ that message waits in one node, and the sweeper sends it again to the others.
    return {"worker_prefetch_multiplier": 1, "worker_disable_prefetch": is_redis(url)}


def sending(url: str) -> dict:
    """Settings of a sender in a page's request: it does not wait long."""
    if is_redis(url):
        options = {"socket_connect_timeout": CONNECT_SECONDS, "socket_timeout": ANSWER_SECONDS}
    else:
        options = {"connect_timeout": CONNECT_SECONDS, "read_timeout": ANSWER_SECONDS, "confirm_publish": True}
    return {"broker_transport_options": options, "broker_connection_timeout": CONNECT_SECONDS}
