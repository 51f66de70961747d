"""A tiny reverse proxy, as a Landkreis has one in front: some sub-paths are passed whole, others are taken away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@contextmanager
def reverse_proxy(port: int, backend: int, *, stripped: Mapping[str, bool]) -> Iterator[None]:
    """Listens on ``port`` of this machine and hands over to ``backend``.

    ``stripped`` says for each sub-path whether it is taken away, and told in X-Forwarded-Prefix.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {
                name: value for name, value in self.headers.items() if not name.lower().startswith("x-forwarded")
            }
            headers |= {"X-Forwarded-For": self.client_address[0], "X-Forwarded-Proto": "http"}
            headers |= {"X-Forwarded-Host": self.headers["Host"], "Connection": "close"}
            path = self.path
            for prefix, strip in stripped.items():
                if strip and path.startswith(f"{prefix}/"):
                    path, headers["X-Forwarded-Prefix"] = path.removeprefix(prefix), prefix
            connection = HTTPConnection("127.0.0.1", backend, timeout=60)
            try:
                connection.request(self.command, path, body=body or None, headers=headers)
                answer = connection.getresponse()
                content = answer.read()
            finally:
                connection.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _pass_on

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = Thread(target=server.serve_forever, name="proxy", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
