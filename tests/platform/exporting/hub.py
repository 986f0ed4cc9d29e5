"""A small Hugging Face Hub as a process of its own: what `huggingface_hub` asks of it to make a repository and commit.

    python hub.py STATE_FOLDER

Prints its port, keeps each repository as a folder of files with a `repository.json` beside it, and does as the file
`orders.json` of the folder says: `{"down": true}` answers 503 to everything, `{"hold": true}` holds the commits.
Tokens: `hf_good` writes to NAMESPACE, `hf_reader` only reads, others are unknown.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

NAMESPACE = "lab"
TOKENS = {"hf_good": True, "hf_reader": False}
REGULAR = (".md", ".yaml", ".svg")


class Hub:
    """The process, for the length of a with block."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> "Hub":
        command = [sys.executable, __file__, str(self.folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self._process.stdout.readline().strip()}"
        return self

    def __exit__(self, *_) -> None:
        self.end()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def order(self, **orders: bool) -> None:
        (self.folder / "orders.json").write_text(json.dumps(orders))

    def asked(self) -> list[str]:
        """Every request so far: method and path."""
        log = self.folder / "asked.log"
        return log.read_text().splitlines() if log.exists() else []

    def repository(self, name: str) -> "Repository":
        return Repository(self.folder / name)


@dataclass(frozen=True)
class Repository:
    folder: Path

    @property
    def is_there(self) -> bool:
        return self._about.exists()

    @property
    def is_private(self) -> bool:
        return self._read()["private"]

    @property
    def commits(self) -> list[dict]:
        return self._read()["commits"]

    def files(self) -> dict[str, bytes]:
        files = self.folder / "files"
        return {path.relative_to(files).as_posix(): path.read_bytes() for path in files.rglob("*") if path.is_file()}

    def make(self, is_private: bool) -> None:
        self.folder.mkdir(parents=True)
        self._write({"private": is_private, "commits": []})

    def commit(self, summary: str, files: dict[str, bytes]) -> str:
        for name, content in files.items():
            path = self.folder / "files" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        about = self._read()
        oid = hashlib.sha1(f"{summary} {len(about['commits'])}".encode()).hexdigest()
        self._write(about | {"commits": [*about["commits"], {"oid": oid, "summary": summary, "files": sorted(files)}]})
        return oid

    @property
    def head(self) -> str:
        return self.commits[-1]["oid"] if self.commits else "0" * 40

    @property
    def _about(self) -> Path:
        return self.folder / "repository.json"

    def _read(self) -> dict:
        return json.loads(self._about.read_text())

    def _write(self, about: dict) -> None:
        self._about.write_text(json.dumps(about))


class Refusal(Exception):
    def __init__(self, status: int, message: str, code: str = "", **more: str):
        super().__init__(message)
        self.status, self.message, self.code, self.more = status, message, code, more


class Handler(BaseHTTPRequestHandler):
    root: Path
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._answer()

    do_POST = do_PUT = do_GET

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or self._chunks()
        with (self.root / "asked.log").open("a") as log:
            log.write(f"{self.command} {self.path}\n")
        try:
            if self._orders().get("down"):
                raise Refusal(503, "Under maintenance")
            self._say(200, self._handle(body))
        except Refusal as refusal:
            headers = {"X-Error-Message": refusal.message, "X-Error-Code": refusal.code}
            self._say(refusal.status, {"error": refusal.message, **refusal.more}, headers)

    def _handle(self, body: bytes) -> dict:
        for pattern, method in ROUTES.items():
            if found := re.fullmatch(pattern, f"{self.command} {self.path.partition('?')[0]}"):
                return getattr(self, method)(body, *found.groups())
        raise Refusal(404, "Not Found")

    def create(self, body: bytes) -> dict:
        may_write = self._who()
        wish = json.loads(body)
        name = f"{wish['organization']}/{wish['name']}"
        if not may_write or wish["organization"] != NAMESPACE:
            namespace = wish["organization"]
            raise Refusal(403, f'You don\'t have the rights to create a model under the namespace "{namespace}"')
        repository = self._repository(name)
        if repository.is_there:
            raise Refusal(409, "You already created this model repo", url=self._url(name))
        repository.make(wish["visibility"] == "private")
        return {"url": self._url(name), "name": name}

    def validate(self, body: bytes) -> dict:
        front = yaml.safe_load(json.loads(body)["content"].split("---\n")[1])
        if "license" not in front:
            raise Refusal(400, '"license" is missing')
        return {"errors": [], "warnings": []}

    def info(self, body: bytes, name: str) -> dict:
        repository = self._find(name)
        return {"id": name, "private": repository.is_private, "sha": repository.head, "tags": [], "siblings": []}

    def preupload(self, body: bytes, name: str) -> dict:
        self._to_write(name)
        there = self._repository(name).files() if (self.root / name / "files").exists() else {}
        return {
            "files": [
                {
                    "path": one["path"],
                    "uploadMode": "regular" if one["path"].endswith(REGULAR) else "lfs",
                    "shouldIgnore": False,
                    "oid": _oid(one["path"], there[one["path"]]) if one["path"] in there else None,
                }
                for one in json.loads(body)["files"]
            ]
        }

    def batch(self, body: bytes, name: str) -> dict:
        self._to_write(name)
        objects = json.loads(body)["objects"]
        for one in objects:
            one["actions"] = {"upload": {"href": self._url(f"blobs/{one['oid']}")}}
        return {"transfer": "basic", "objects": objects}

    def put(self, body: bytes, oid: str) -> dict:
        if hashlib.sha256(body).hexdigest() != oid:
            raise Refusal(400, "Another content")
        (self.root / oid).write_bytes(body)
        return {}

    def commit(self, body: bytes, name: str) -> dict:
        self._to_write(name)
        while self._orders().get("hold"):
            time.sleep(0.02)
        lines = [json.loads(line) for line in body.splitlines()]
        summary = next(line["value"]["summary"] for line in lines if line["key"] == "header")
        files = {line["value"]["path"]: self._content(line) for line in lines if line["key"] in ("file", "lfsFile")}
        oid = self._repository(name).commit(summary, files)
        return {"success": True, "commitOid": oid, "commitUrl": self._url(f"{name}/commit/{oid}"), "hookOutput": ""}

    def _content(self, line: dict) -> bytes:
        if line["key"] == "file":
            return base64.b64decode(line["value"]["content"])
        return (self.root / line["value"]["oid"]).read_bytes()

    def _who(self) -> bool:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in TOKENS:
            raise Refusal(401, "Invalid username or password.")
        return TOKENS[token]

    def _find(self, name: str) -> Repository:
        self._who()
        if not self._repository(name).is_there:
            raise Refusal(404, "Repository not found", "RepoNotFound")
        return self._repository(name)

    def _to_write(self, name: str) -> None:
        self._find(name)
        if not self._who():
            raise Refusal(403, "You need write access to this repository")

    def _repository(self, name: str) -> Repository:
        return Repository(self.root / name)

    def _orders(self) -> dict:
        file = self.root / "orders.json"
        return json.loads(file.read_text()) if file.exists() else {}

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/{path}"

    def _chunks(self) -> bytes:
        """A body that is sent without its length."""
        found = b""
        while self.headers.get("Transfer-Encoding") == "chunked":
            size = int(self.rfile.readline(), 16)
            found += self.rfile.read(size)
            self.rfile.readline()
            if not size:
                break
        return found

    def _say(self, status: int, content: dict, headers: dict | None = None) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ROUTES = {
    r"POST /api/repos/create": "create",
    r"POST /api/validate-yaml": "validate",
    r"GET /api/models/([\w.-]+/[\w.-]+)": "info",
    r"GET /api/models/([\w.-]+/[\w.-]+)/revision/main": "info",
    r"POST /api/models/([\w.-]+/[\w.-]+)/preupload/main": "preupload",
    r"POST /([\w.-]+/[\w.-]+)\.git/info/lfs/objects/batch": "batch",
    r"PUT /blobs/(\w+)": "put",
    r"POST /api/models/([\w.-]+/[\w.-]+)/commit/main": "commit",
}


def _oid(path: str, content: bytes) -> str:
    """As git names a file's content; of a large file, LFS by its hash."""
    if not path.endswith(REGULAR):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


def main() -> None:
    Handler.root = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
