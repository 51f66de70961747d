"""Strong ETags and 304: a response is named by what it was made from, never by its bytes."""

from hashlib import sha256
from importlib.metadata import version
from typing import Final

from flask import Response, request

_RELEASE: Final = version("kitalotse")


def conditional(response: Response, *made_from: object, max_age: int = 0) -> Response:
    """``response`` with an ETag over ``made_from``, address and release; 304 without a body where the client has it.

    ``made_from`` must hold everything that the body depends on besides the address: the change number, the day.
    """
    parts = "\x1f".join([_RELEASE, request.host, request.full_path, *map(str, made_from)])
    response.set_etag(sha256(parts.encode()).hexdigest()[:32])
    response.headers["Cache-Control"] = f"public, max-age={max_age}" if max_age else "no-cache"
    return response.make_conditional(request)
