"""A real SMTP server that keeps what it is sent, and refuses it where a test says so."""

import email
import socketserver
import threading
from email import policy
from email.message import EmailMessage


class MailServer:
    """For the length of a with block. `refusal` is what it answers to a recipient, where it takes none."""

    def __init__(self):
        self.received: list[EmailMessage] = []
        self.refusal = ""
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def __enter__(self) -> "MailServer":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[socketserver.StreamRequestHandler]:
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.say("220 ready")
                while line := self.rfile.readline():
                    verb = line.split(maxsplit=1)[0].upper() if line.strip() else b""
                    if verb == b"DATA":
                        self.say("354 go on")
                        self.take()
                    self.say((server.refusal if verb == b"RCPT" else "") or "250 well")

            def take(self):
                lines = iter(self.rfile.readline, b".\r\n")
                text = b"".join(line.removeprefix(b".") if line.startswith(b"..") else line for line in lines)
                server.received.append(email.message_from_bytes(text.replace(b"\r\n", b"\n"), policy=policy.default))

            def say(self, words: str):
                self.wfile.write(f"{words}\r\n".encode())

        return Handler
