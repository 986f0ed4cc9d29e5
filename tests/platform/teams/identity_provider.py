"""A small OpenID Connect provider on loopback: as much of one as a sign-in asks for."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import jwt

CLIENT_ID = "flow-dppo"
# Answers that come straight from the provider are not checked for their signature: any key does.
KEY = "of this provider alone, and long enough for it"


class IdentityProvider:
    """Says of everybody who comes that they are `person` (claims)."""

    def __init__(self):
        self.person: dict = {}
        self.token_requests: list[dict] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                pages = {"/.well-known/openid-configuration": provider.configuration, "/userinfo": provider.person}
                self._answer(pages[self.path])

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider.token_requests.append({name: values[0] for name, values in parse_qs(body).items()})
                self._answer({"access_token": "opaque", "token_type": "Bearer", "id_token": provider.id_token()})

            def _answer(self, content: dict) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(content).encode())

            def log_message(self, *_) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "IdentityProvider":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def configuration(self) -> dict:
        names = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        endpoints = {f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in names.items()}
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **endpoints}

    def id_token(self) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 60, **self.person}
        return jwt.encode(claims, KEY, algorithm="HS256")
