"""Which of apprise's services a team may use: those that send a message to people over the network, and no other.

apprise also knows services that start programs, talk to the desktop or read files; a service that is not listed here
is refused. So is each part of an address behind the `?` that could have the site read a file or fetch something.
"""

import re
from urllib.parse import parse_qsl, urlsplit

# By the beginning of their addresses. FREE_HOSTS name a server of their own, which is checked: `alerts.hosts`.
FREE_HOSTS = {
    "mailto": "Mail",
    "mailtos": "Mail",
    "mmost": "Mattermost",
    "mmosts": "Mattermost",
    "rocket": "Rocket.Chat",
    "rockets": "Rocket.Chat",
    "matrix": "Matrix",
    "matrixs": "Matrix",
    "gotify": "Gotify",
    "gotifys": "Gotify",
    "ntfy": "ntfy",
    "ntfys": "ntfy",
    "workflows": "Microsoft Teams",
}
OWN_SERVERS = {
    "slack": "Slack",
    "discord": "Discord",
    "gchat": "Google Chat",
    "tgram": "Telegram",
    "wxteams": "Webex",
    "zulip": "Zulip",
    "pover": "Pushover",
    "pbul": "Pushbullet",
    "opsgenie": "Opsgenie",
    "pagerduty": "PagerDuty",
    "feishu": "Feishu",
    "lark": "Lark",
    "dingtalk": "DingTalk",
    "wecombot": "WeCom",
}
SERVICES = {**FREE_HOSTS, **OWN_SERVERS}
# What may stand behind the `?`: whom, where, as whom and how urgent. Not: files, templates, pictures, keys, retries.
WHOM = ("to", "cc", "bcc", "from", "name", "reply", "channel", "channels", "team", "topic", "thread", "tags")
WITH_WHAT = ("user", "pass", "token", "webhook", "workspace", "key", "id", "sig", "api-version", "ver", "mode")
PARAMETERS = frozenset((*WHOM, *WITH_WHAT, "smtp", "region", "verify", "priority", "severity"))
LONGEST = 1000
SCHEME = re.compile(r"([a-z][a-z0-9]*)://.+")


class AddressRefused(Exception):
    """Says what is wrong with an address and what to do."""


def check_address(address: str) -> str:
    """The scheme of an apprise address that a team may use. Raises AddressRefused."""
    match = SCHEME.fullmatch(address)
    if not match or len(address) > LONGEST:
        raise AddressRefused(
            "This is no apprise address: it begins with the service, as in slack://… or mailto://…. The apprise "
            "project's list of services tells how each is written."
        )
    scheme = match[1]
    if scheme in ("http", "https", "json", "jsons", "xml", "xmls", "form", "forms"):
        raise AddressRefused("For a server of your own make a webhook instead: it is signed.")
    if scheme not in SERVICES:
        known = ", ".join(sorted(set(SERVICES.values())))
        raise AddressRefused(f"{scheme}:// is not among the services that may be used here: {known}.")
    for name, _ in parse_qsl(urlsplit(address).query, keep_blank_values=True):
        if name.lower() not in PARAMETERS:
            raise AddressRefused(f"?{name}= may not be set here: leave it out.")
    return scheme
