"""Short ways for the tests of formats."""

from typing import Any

from harvesters.formats.records import Parsed
from schemas.harvest import Access, AccessKind, Record, Source
from tests.factories import NOW, make_source

URL = "https://museum.example/kita"


def described(kind: str, **access: Any) -> Source:
    """A source with this way of access."""
    return make_source(access=Access.model_validate({"kind": kind, "start": (URL,)} | access))


def parse(parser: Any, content: str | bytes, source: Source | None = None, **access: Any) -> Parsed:
    """What ``parser`` reads in ``content``."""
    body = content.encode() if isinstance(content, str) else content
    kind = access.pop("kind", AccessKind.STRUCTURED)
    parsed: Parsed = parser(body, source=source or described(kind, **access), url=URL, fetched_at=NOW)
    return parsed


def only(parsed: Parsed) -> Record:
    """The one Record, read without an Issue."""
    assert parsed.issues == ()
    (record,) = parsed.records
    return record


def rules(parsed: Parsed) -> list[str]:
    """The codes of the Issues."""
    return [issue.rule for issue in parsed.issues]
