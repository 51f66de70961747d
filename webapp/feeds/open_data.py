"""What all open data has in common: who may read it, what its numbers look like, under which licence its facts are."""

from typing import Final, NoReturn

from flask import Response, abort, make_response, request

from schemas.store.following import licences
from schemas.store.numbers import is_lost
from schemas.store.offers import Licence, latest_change
from webapp.db import current_region, public_url, reading, state
from webapp.regions import region_of

_MAX_DIGITS: Final = 15
_EXPOSED: Final = "ETag, Link, Location, Retry-After"


def facts_licence() -> Licence:
    """Tells the licence of an offer's facts by the key of its Region; also while a body is sent after the request."""
    regions, here, in_force = state().regions, current_region(), licences(reading())

    def licence(key: str) -> str:
        region = region_of(key, regions) or here
        return in_force.get(region.key, region.data_licence)

    return licence


def made_of(*parts: object) -> tuple[object, ...]:
    """What a body of open data is made of besides the current Region: ``parts``, and the licences of all Regions."""
    named = {region.key: region.data_licence for region in state().regions.values()}
    return (*parts, sorted((named | licences(reading())).items()))


def changed_since() -> int | None:
    """The number of the change after which somebody wants to know what changed (``changed_since``, or ``since``).

    410 for a number that was not given out here: whoever has it copied a database that is no more (a backup was
    restored), and an empty answer would tell them that they miss nothing.
    """
    asked = [name for name in ("changed_since", "since") if name in request.args]
    since = number(asked[0]) if asked else None
    if since is not None and (since > latest_change(reading()) or is_lost(reading(), since)):
        begin_anew(asked[0], since)
    return since


def begin_anew(name: str, since: int) -> NoReturn:
    """410: the number that stands in the address under ``name`` is of a database that is no more."""
    latest = latest_change(reading())
    _problem(
        410,
        "Bitte alles neu holen",
        f"{name}: Die Änderung {since} gibt es hier nicht (mehr), die letzte ist {latest}. "
        f"Bitte alle Angebote neu holen: {public_url()}/offers.ndjson",
        f"{name}: there is no change {since} here (any more), the last one is {latest}. "
        f"Please copy all offers again: {public_url()}/offers.ndjson",
    )


def number(name: str, *, least: int = 0, most: int | None = None) -> int | None:
    """The number that stands in the address under ``name``; 400 for anything that is none."""
    text = request.args.get(name)
    if text is None:
        return None
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else None
    if value is None or value < least or (most is not None and value > most):
        if most is not None:
            refuse(name, text, f"eine Zahl von {least} bis {most}", f"a number from {least} to {most}")
        wanted = "die Nummer einer Änderung, zum Beispiel 1200"
        refuse(name, text, wanted, "the number of a change, for instance 1200")
    return value


def refuse(name: str, text: str, wanted: str, english: str) -> NoReturn:
    """400 as JSON, in German and English."""
    shown = text[:80]
    _problem(
        400,
        "Das haben wir nicht verstanden",
        f"{name}: gelesen wurde „{shown}“, erwartet ist {wanted}.",
        f'{name}: read "{shown}", expected is {english}.',
    )


def _problem(status: int, title: str, detail: str, english: str) -> NoReturn:
    response = make_response({"status": status, "title": title, "detail": detail, "detail_en": english}, status)
    response.content_type = "application/problem+json"
    abort(as_open_data(response))


def as_open_data(response: Response, *, licence: str | None = None, next_url: str | None = None) -> Response:
    """``response``, which any site may read, with links to the schema, the page that explains it, and the next page.

    Only a bucket has one ``licence`` for the whole of it. Elsewhere rights differ: each record names its own.
    """
    base = public_url()
    links = [
        f'<{base}/schema/offer.json>; rel="describedby"; type="application/schema+json"',
        f'<{base}/daten>; rel="help"',
    ]
    links += [f'<{licence}>; rel="license"'] if licence else []
    links += [f'<{next_url}>; rel="next"'] if next_url else []
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Link"] = ", ".join(links)
    return response
