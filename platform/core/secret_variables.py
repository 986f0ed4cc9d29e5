"""Names of the environment's variables that hold secrets: no child process gets them, and no log line says them."""

OF_THE_SITE = (
    "DATABASE_URL",
    "REDIS_URL",
    "BROKER_URL",
    "SECRET_KEY",
    "METRICS_TOKEN",
    "EMAIL_URL",
    "OIDC_CLIENT_SECRET",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
# What nodes are told of them instead: core.node_settings.
SECRET_VARIABLES = (*OF_THE_SITE, *(f"NODE_{name}" for name in OF_THE_SITE))
