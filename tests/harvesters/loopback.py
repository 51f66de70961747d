"""A small web server on loopback whose answers a test writes down, so that harvesting is tested over real HTTP."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from harvesters.fetch.client import FetchSettings
from schemas.harvest import Source

QUICK = FetchSettings(
    contact="https://kitalotse.example/bot", allow_loopback=True, pace_s=0, attempts=2, wait_s=0.01, total_s=10
)
"""Manners for a server of our own: no pace, short waits."""


@dataclass
class Answer:
    """What to answer; ``chunks`` writes the body by hand (drip, cut off), its length is then not announced."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    chunks: Callable[[], Iterator[bytes]] | None = None


class Site:
    """A running server; ``answers`` maps paths to answers, ``asked`` lists what was asked for, with its headers."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer | list[Answer]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.base = ""

    def put(self, path: str, body: str | bytes = b"", status: int = 200, **headers: str) -> str:
        """Answer ``path`` with this; its address."""
        content = body.encode() if isinstance(body, str) else body
        self.answers[path] = Answer(content, status, {name.replace("_", "-"): value for name, value in headers.items()})
        return self.base + path

    def paths(self) -> list[str]:
        """Paths asked for, robots.txt left out."""
        return [path for path, _ in self.asked if path != "/robots.txt"]

    def conditional(self) -> list[str]:
        """Paths that were asked for conditionally."""
        return [path for path, headers in self.asked if headers.keys() & {"if-none-match", "if-modified-since"}]

    def answer(self, path: str) -> Answer:
        """The answer for ``path``: of a list the first, each once, the last for ever."""
        found = self.answers.get(path, Answer(b"nothing here", 404))
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found


@contextmanager
def running_site(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """A site on a free port, until the block ends; over HTTPS with ``tls``."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            answer = site.answer(self.path)
            for given, condition in (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")):
                if given in answer.headers and self.headers.get(condition) == answer.headers[given]:
                    answer = Answer(status=304, headers={given: answer.headers[given]})
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.chunks is None:
                if answer.status != 304 and "Content-Length" not in answer.headers:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
                return
            self.end_headers()
            try:
                for chunk in answer.chunks():
                    self.wfile.write(chunk)
                    self.wfile.flush()
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    site.base = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def at(source: Source, *addresses: str) -> Source:
    """``source`` read from these addresses."""
    return source.model_copy(update={"access": source.access.model_copy(update={"start": addresses})})
