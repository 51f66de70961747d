"""Headers that every response carries: no script, no frame, no other host, nothing kept unasked (law 7)."""

from typing import Final

from flask import Flask, Response

from webapp.db import public_url

HEADERS: Final[dict[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
"""Strictest values that server-rendered pages with one style sheet need; a page that needs others says so itself."""
STRICT_TRANSPORT: Final = "max-age=31536000"
"""Keeps browsers on https, where the portal's public address is one."""


def init_app(app: Flask) -> None:
    """Adds ``HEADERS`` where a response does not set its own."""

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if public_url().startswith("https:"):
            response.headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT)
        return response
