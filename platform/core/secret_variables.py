"""Names of the environment's variables that hold secrets: no child process gets them, and no log line says them."""

OWN = (
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
# As other machines are told them, where they differ: `node_settings`.
SECRET_VARIABLES = (*OWN, *(f"NODE_{name}" for name in OWN))
