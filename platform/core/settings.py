"""Settings of the site. What differs between installations comes from the environment."""

import os
import sys
from pathlib import Path

import environ
import plotly

ROOT = Path(__file__).resolve().parents[2]
# `frontend` and `worker` import from the root, whatever started this process; behind the standard library.
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from core import cache, database, file_settings, logs, node_settings, secret_key, sign_in, site_address  # noqa: E402
from stack import endpoints  # noqa: E402

env = environ.Env()

DATA_DIR = Path(env.str("FLOWDPPO_DATA", default=str(ROOT / "data"))).resolve()
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or secret_key.read_or_create(DATA_DIR / "secret_key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# The embedded stack, where it is up, stands in for servers that the environment does not name.
embedded = None if {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys() else endpoints.read(DATA_DIR)
DATABASE_URL = env.str("DATABASE_URL", default=embedded.database_url if embedded else "")
REDIS_URL = env.str("REDIS_URL", default=embedded.redis_url if embedded else "")
# Nudges may go through RabbitMQ instead; what processes count together stays in Redis.
BROKER_URL = env.str("BROKER_URL", default=REDIS_URL)

CACHES = cache.caches(REDIS_URL)
DATABASES = database.databases(DATABASE_URL)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_htmx",
    "ninja",
    "core",
    "teams",
    "fleet",
    "runs",
    "jobs",
    "pictures",
    "comments",
    "exporting",
    "playground",
    "evaluating",
    "votes",
    "comparing",
    "sweeps",
    "reports",
    "sharing",
    "alerts",
    "catalog",
    "api",
    "stack",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "core.middleware.ContentSecurityPolicy",
    "core.compression.Compression",
    "core.static_files.StaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "core.middleware.NoteRequest",
    "core.middleware.SignInForFragments",
    "core.middleware.FilesAwayAnswer",
    # Every view needs a sign-in unless it says otherwise.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "core.urls"
ASGI_APPLICATION = "core.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "frontend" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "alerts.context.open_alerts",
                "comments.context.inbox",
            ]
        },
    }
]

AUTH_USER_MODEL = "teams.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "experiments"
ACCOUNT_ADAPTER = "teams.accounts.SignUpByInvitation"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False

# A second factor for those who want one.
MFA_ADAPTER = "teams.second_factor.EncryptedSecrets"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Flow-DPPO"
# Phones' clocks differ: the code before and the one after count too.
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True

# The team's OpenID Connect provider, where the environment names one. Its word on whose an address is, is taken.
SOCIALACCOUNT_PROVIDERS = sign_in.openid_connect(env)
SOCIALACCOUNT_ADAPTER = "teams.accounts.SignUpByProvider"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
# A link, not a form: pages may send forms to this site alone, and a redirect to the provider would count.
SOCIALACCOUNT_LOGIN_ON_GET = True
OIDC_SIGN_UP = env.bool("OIDC_SIGN_UP", default=False)

# Mail, for lost passwords, and mentions where people ask for it. Without it pages say whom to ask.
vars().update(sign_in.mail(env))
HAS_MAIL = bool(env.str("EMAIL_URL", default=""))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="flow-dppo@localhost")
OPERATOR_CONTACT = env.str("OPERATOR_CONTACT", default="")

# Behind a proxy that ends TLS and sets X-Forwarded-Proto. Attempts are counted by address, so the number of proxies
# must be known: each appends whom it was asked by to X-Forwarded-For, and the rest of it anybody may have written.
HTTPS = env.bool("HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# The proxy and the container's own check ask for these without TLS.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.bool("HSTS_SUBDOMAINS", default=False)
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("NUM_PROXIES", default=0)
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

# What links in messages begin with, and where messages may go beside the public servers: docs/alerts.md.
SITE_URL = env.str("SITE_URL", default=site_address.of_this_machine(env)).rstrip("/")
MESSAGE_HOSTS = env.str("FLOWDPPO_MESSAGE_HOSTS", default="")

# Where checkpoints are pushed to.
HUB_ENDPOINT = (env.str("HF_ENDPOINT", default="") or "https://huggingface.co").rstrip("/")

STATIC_URL = "/static/"
STATICFILES_DIRS = [
    ROOT / "frontend" / "static",
    ("plotly", Path(plotly.__file__).parent / "package_data"),
]
# Files are served from where the packages keep them: nothing to collect, whether DEBUG is on or off.
WHITENOISE_USE_FINDERS = True

MEDIA_ROOT = DATA_DIR / "files"
STORAGES = file_settings.storages(env, MEDIA_ROOT)
# What the operator puts here may be named in a configuration; nothing else of the disk may.
PROMPTS_DIR = DATA_DIR / "prompts"
MODELS_DIR = DATA_DIR / "models"

# The worker: how it starts the engine, and how long an engine has to write a last checkpoint when it is to end.
ENGINE_COMMAND = env.list("FLOWDPPO_ENGINE_COMMAND", default=[sys.executable, "-m", "flowdppo_engine"])
ENGINE_GRACE_SECONDS = env.float("FLOWDPPO_ENGINE_GRACE_SECONDS", default=30.0)
WORKER_SLOTS = env.int("FLOWDPPO_WORKER_SLOTS", default=1)
# Whether a worker without GPUs keeps a process that has imported what draws.
PLAYGROUND_STANDS_BY = env.bool("FLOWDPPO_PLAYGROUND_STANDS_BY", default=True)
NODE_NAME = env.str("FLOWDPPO_NODE_NAME", default="")[:120]
# What a machine that joins as a node is told.
NODE_ENVIRONMENT = node_settings.for_nodes(env)

LANGUAGE_CODE = "en"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_I18N = False
USE_TZ = True

LOGGING = logs.configuration(env)
