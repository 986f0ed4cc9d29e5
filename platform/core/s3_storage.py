"""Files in an S3 bucket: Amazon's, MinIO's, or any other server of that protocol."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import BinaryIO

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

from core.storage import FilesAway, StoredFile

CONNECT_SECONDS = 5
READ_SECONDS = 60
NUM_CONNECTIONS = 32
DELETE_AT_ONCE = 1000
NOT_THERE = ("404", "NoSuchKey", "NotFound")
CLIENT = Config(
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    max_pool_connections=NUM_CONNECTIONS,
    retries={"mode": "standard", "max_attempts": 4},
    signature_version="s3v4",
    # Servers other than Amazon's do not all know the checksums that boto3 now sends unasked.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class S3Files(S3Storage):
    """A bucket. Whoever writes has the files on a disk first; whoever reads gets them as they come."""

    is_folder = False

    def get_default_settings(self) -> dict:
        return super().get_default_settings() | {"client_config": CLIENT}

    def open_from(self, name: str, start: int = 0) -> BinaryIO:
        """Raises FileNotFoundError, or FilesAway."""
        with _told_apart(name):
            # An empty object has no range.
            return self._client.get_object(**self._object(name), **({"Range": f"bytes={start}-"} if start else {}))[
                "Body"
            ]

    def num_bytes(self, name: str) -> int:
        """Raises FileNotFoundError, or FilesAway."""
        with _told_apart(name):
            return self._client.head_object(**self._object(name))["ContentLength"]

    def walk(self, folder: str) -> list[StoredFile]:
        """Every file in it, by name; "" is everything. Raises FileNotFoundError where there is none, or FilesAway."""
        found = [self._describe(entry) for entry in self._list(self._prefix(folder))]
        if not found:
            raise FileNotFoundError(folder)
        return sorted(found, key=lambda file: file.name)

    def put(self, name: str, path: Path) -> None:
        """Send a file of this machine. Raises FileNotFoundError where it is gone, or FilesAway."""
        with _told_apart(name):
            self._client.upload_file(str(path), self.bucket_name, self._key(name))

    def fetch(self, name: str, path: Path) -> None:
        """Bring a file here. Raises FileNotFoundError, or FilesAway."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with _told_apart(name):
            self._client.download_file(self.bucket_name, self._key(name), str(path))

    def copy_folder(self, source: str, target: str) -> None:
        """Have what is in `source` in `target` too; the server does it. Raises FileNotFoundError, or FilesAway."""
        for file in self.walk(source):
            name = target + file.name.removeprefix(source)
            with _told_apart(file.name):
                self._client.copy(self._object(file.name), self.bucket_name, self._key(name))

    def delete(self, name: str) -> None:
        """One that is not there is no error. Raises FilesAway."""
        with _told_apart(name):
            self._client.delete_object(**self._object(name))

    def delete_folder(self, folder: str) -> None:
        """Delete every file in it; one that is not there is no error. Raises FilesAway."""
        keys = [entry["Key"] for entry in self._list(self._prefix(folder))]
        for start in range(0, len(keys), DELETE_AT_ONCE):
            some = [{"Key": key} for key in keys[start : start + DELETE_AT_ONCE]]
            with _told_apart(folder):
                self._client.delete_objects(Bucket=self.bucket_name, Delete={"Objects": some, "Quiet": True})

    def make_bucket(self) -> bool:
        """Whether it was not there yet. Raises FilesAway."""
        try:
            with _told_apart(self.bucket_name):
                self._client.head_bucket(Bucket=self.bucket_name)
            return False
        except FileNotFoundError:
            with _told_apart(self.bucket_name):
                self._client.create_bucket(Bucket=self.bucket_name)
            return True

    def probe(self) -> None:
        """Raises FilesAway where the bucket is not there, or not for us."""
        with _told_apart(self.bucket_name):
            self._client.list_objects_v2(Bucket=self.bucket_name, Prefix=self._key("probe/"), MaxKeys=1)

    @cached_property
    def _client(self):
        """One for all threads, which may share it; making one takes a tenth of a second."""
        return self.connection.meta.client

    def _key(self, name: str) -> str:
        return self._normalize_name(name)

    def _prefix(self, folder: str) -> str:
        """What the keys of a folder's files begin with; the folder "" is all that is ours of the bucket."""
        inside = self._key(folder).rstrip("/") if folder else self.location
        return f"{inside}/" if inside else ""

    def _object(self, name: str) -> dict:
        return {"Bucket": self.bucket_name, "Key": self._key(name)}

    def _list(self, prefix: str) -> Iterator[dict]:
        with _told_apart(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket_name, Prefix=prefix)
            for page in pages:
                yield from page.get("Contents", [])

    def _describe(self, entry: dict) -> StoredFile:
        name = entry["Key"].removeprefix(self._prefix(""))
        return StoredFile(name, entry["Size"], entry["LastModified"], partial(self.open_from, name))


@contextmanager
def _told_apart(name: str):
    """A file that is not there is one thing, a server that does not answer another."""
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in NOT_THERE:
            raise FileNotFoundError(name) from error
        raise FilesAway(_reason(error)) from error
    except BotoCoreError as error:
        raise FilesAway(type(error).__name__) from error
    except Exception as error:
        # Transfers of large files wrap what went wrong in errors of their own.
        if type(error).__module__.startswith(("boto3.", "s3transfer.")):
            raise FilesAway(type(error).__name__) from error
        raise


def _reason(error: ClientError) -> str:
    return f"S3 answers {error.response.get('Error', {}).get('Code', 'with an error')}"
