"""A mail shown on a page: its HTML is a document of its own, in a frame, fenced in.

Mails carry their styles inline, which our pages forbid. So the mail is served at an address of its own that alone may
style inline, where nothing runs, loads or submits (``sandbox``); the page around it stays as strict as all others.
"""

import re
from typing import Final

from flask import Response, make_response

from webapp.security import HEADERS

_MAIL_CSP: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-top-navigation-by-user-activation allow-popups"
)
_HEAD: Final = re.compile(r"<head[^>]*>", re.IGNORECASE)
_OUT_OF_THE_FRAME: Final = '<base target="_top">'
"""Our pages refuse to be framed, so links of a mail open in the whole window."""


def framed(html: str) -> Response:
    """A mail's HTML as the document inside the frame."""
    response = Response(_HEAD.sub(r"\g<0>" + _OUT_OF_THE_FRAME, html, count=1), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _MAIL_CSP
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def framing(page: str) -> Response:
    """A rendered page that has such a frame in it."""
    response = make_response(page)
    response.headers["Content-Security-Policy"] = HEADERS["Content-Security-Policy"] + "; frame-src 'self'"
    return response
