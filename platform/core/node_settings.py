"""What a machine that joins as a node must know of the site, as the environment says.

Postgres and Redis may have another address for other machines than for this one, so theirs must be given. The rest is
passed on as it is here, unless it too has a value for nodes: NODE_ before the name.
"""

import environ

ADDRESSES = ("DATABASE_URL", "REDIS_URL")
PASSED_ON = (
    "BROKER_URL",
    "BROKER_URL",
    "FILES_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_CA_BUNDLE",
    "FLOWDPPO_REWARD_HOSTS",
)


def for_nodes(env: environ.Env) -> dict[str, str]:
    """The variables that a node's worker gets; what is not set is left out."""
    given = {name: env.str(f"NODE_{name}", default="") for name in ADDRESSES + PASSED_ON}
    here = {name: env.str(name, default="") for name in PASSED_ON}
    return {name: value or here.get(name, "") for name, value in given.items() if value or here.get(name)}
