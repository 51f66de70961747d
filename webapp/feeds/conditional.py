"""Strong ETags and 304: a response is named by what it was made from, never by its bytes."""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final

from flask import Response, request
from flask_babel import get_locale

from webapp.db import current_region

_ROOT: Final = Path(__file__).parents[2]
_MADE_BY: Final = ("schemas/*.py", "webapp/**/*.py", "webapp/templates/**/*.html")


@cache
def _build() -> str:
    """Names the code that makes the pages, so that no browser keeps a page of an older one."""
    made = sha256(version("kitalotse").encode())
    for pattern in _MADE_BY:
        for path in sorted(_ROOT.glob(pattern)):
            made.update(path.read_bytes())
    return made.hexdigest()


def conditional(make: Callable[[], Response], *made_from: object) -> Response:
    """What ``make`` gives, with an ETag over ``made_from``, address, Region, language and build; 304 without any work
    where the client has it.

    ``made_from`` must hold everything else that the body depends on: the change number, the day. The body must be the
    same for everybody who asks.
    """
    region = current_region().model_dump_json()
    page = f"{request.host}{request.script_root}{request.full_path}"
    parts = [_build(), page, region, str(get_locale()), *map(str, made_from)]
    etag = sha256("\x1f".join(parts).encode()).hexdigest()[:32]
    response = Response(status=304) if request.if_none_match.contains_weak(etag) else make()
    response.set_etag(etag)
    response.headers["Cache-Control"] = "public, no-cache"
    response.vary.add("Accept-Language")
    return response
