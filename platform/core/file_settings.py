"""Where files are kept, as the environment says: a folder that every machine sees, or an S3 bucket."""

import re
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

FOLDER = "core.storage.FolderFiles"
S3 = "core.s3_storage.S3Files"
FILES_URL = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>[\w./-]*))?")


def storages(env: environ.Env, folder: Path) -> dict:
    """STORAGES: `default` holds what must last, `local` what this machine can make anew.

    Credentials, region and endpoint of S3 are boto3's own variables (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL_S3, …).
    Raises ImproperlyConfigured where FILES_URL is no address of a bucket.
    """
    local = {"BACKEND": FOLDER}
    url = env.str("FILES_URL", default="")
    return {
        "default": s3(url) if url else local,
        "local": local,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def s3(url: str) -> dict:
    found = FILES_URL.fullmatch(url)
    if not found:
        raise ImproperlyConfigured(f"FILES_URL = {url} is no bucket: give s3://bucket or s3://bucket/folder.")
    options = {
        "bucket_name": found["bucket"],
        "location": (found["prefix"] or "").strip("/"),
        "default_acl": None,
        "file_overwrite": True,
    }
    return {"BACKEND": S3, "OPTIONS": options}
