"""``kitalotse extract``: offers out of raw texts, one JSON object a line, without a network or a database."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
import orjson

from harvesters.normalise.record import normalise
from schemas.clock import now as current_time
from schemas.clock import today as current_day
from schemas.exceptions import SettingsError
from schemas.harvest import MAX_TEXT, Access, AccessKind, Issue, Record, RecordField, Source
from schemas.identifiers import offer_id
from schemas.offer import Offer, SourceKey
from schemas.publish import Member, publish

SOURCE: Final = "extract"
"""Name under which the lines of a file count as harvested."""
GERMANY: Final = "00"
"""Region of an offer whose place is unknown, where no Region is given."""
MAX_LINE: Final = 4 * MAX_TEXT
"""Longest line, in bytes, that is read."""
_WORDS: Final[tuple[tuple[str, RecordField], ...]] = (("provider", "provider"), ("place_text", "place"))


@click.command()
@click.argument("texts", metavar="IN.ndjson", type=click.File("rb"))
@click.option(
    "--out",
    metavar="OUT.ndjson",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write instead of standard output.",
)
@click.option(
    "--region",
    metavar="AGS",
    help="Official key of the Region the texts come from; settles places with several bearers of a name.",
)
def extract(texts: BinaryIO, out: Path | None, region: str | None) -> None:
    """Read offers out of raw texts.

    Each line of IN.ndjson is an object with title, text, place_text, url, provider, source_kind and seen_on (the day
    from which years that are not written are inferred; default: today). Each line written is {"id", "offers",
    "issues"}.
    """
    if region is not None and not (region.isdigit() and 2 <= len(region) <= 8):
        raise click.BadParameter(
            f"{region!r} is no official key; expected 2 to 8 digits, for instance 13075", param_hint="--region"
        )
    moment, day = current_time(), current_day()
    lines = (orjson.dumps(answer) + b"\n" for answer in extracted(texts, region=region, now=moment, today=day))
    if out is None:
        stream = sys.stdout.buffer
        for line in lines:
            stream.write(line)
    else:
        try:
            with out.open("wb") as file:
                file.writelines(lines)
        except OSError as error:
            raise SettingsError(f"{out}: cannot be written ({error.strerror}); choose another --out") from error


def extracted(lines: Iterable[bytes], *, region: str | None, now: datetime, today: date) -> Iterator[dict[str, Any]]:
    """One answer per line that is not blank: ``{"id", "offers", "issues"}``.

    A line that cannot be read gives an Issue.
    """
    source = _source(region) if region else None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            data = _object(line)
        except ValueError as error:
            yield {"id": None, "offers": [], "issues": [_unread(str(error), line, where)]}
            continue
        identifier = str(data.get("id") or number)[:1000]
        try:
            record, seen_on = record_of(data, identifier, today)
        except ValueError as error:
            yield {"id": identifier, "offers": [], "issues": [_unread(str(error), line, where)]}
            continue
        understood = normalise(record, source, today=seen_on)
        found = understood.offer
        place = found.fields.place
        member = Member(source_offer=found, trust="hold", present=True, first_seen=now, last_seen=now)
        key = region or (place.kreis if place and place.kreis else GERMANY)
        offer: Offer = publish(offer_id(SOURCE, identifier), key, [member], (), (), today=seen_on)
        yield {
            "id": identifier,
            "offers": [offer.model_dump(mode="json")],
            "issues": [issue.model_dump(mode="json") for issue in understood.issues],
        }


def record_of(data: Mapping[str, Any], identifier: str, today: date) -> tuple[Record, date]:
    """The Record of one line and the day on which it was seen; raises ``ValueError`` saying what is wrong."""
    texts = {
        name: data.get(name) for name in ("title", "text", "place_text", "url", "provider", "source_kind", "seen_on")
    }
    wrong = [name for name, value in texts.items() if value is not None and not isinstance(value, str)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)}: expected text")
    given = {name: value for name, value in texts.items() if isinstance(value, str) and value.strip()}
    if "title" not in given and "text" not in given:
        raise ValueError("neither title nor text; expected at least one of them")
    try:
        seen_on = date.fromisoformat(given["seen_on"][:10]) if "seen_on" in given else today
    except ValueError:
        raise ValueError(f"seen_on {given['seen_on'][:40]!r}: expected a day like 2026-11-23") from None
    url = given.get("url")
    record = Record(
        origin=SourceKey(source=SOURCE, key=identifier),
        format=given.get("source_kind", "text")[:40],
        title=given.get("title", given.get("text", ""))[:2_000],
        text=given.get("text", "")[:MAX_TEXT],
        url=url[:2000] if url else None,
        words={name: given[key][:MAX_TEXT] for key, name in _WORDS if key in given},
        address=url[:2000] if url else None,
    )
    return record, seen_on


def _object(line: bytes) -> Mapping[str, Any]:
    if len(line) > MAX_LINE:
        raise ValueError(f"{len(line)} bytes; expected at most {MAX_LINE}")
    try:
        data = orjson.loads(line.decode("utf-8-sig"))
    except (UnicodeDecodeError, orjson.JSONDecodeError) as error:
        raise ValueError(f"not JSON ({type(error).__name__}); expected one object per line in UTF-8") from error
    if not isinstance(data, dict):
        raise ValueError(f"read {type(data).__name__}; expected one JSON object per line")
    return data


def _unread(reason: str, line: bytes, where: str) -> dict[str, Any]:
    issue = Issue(
        field="record",
        wording=line[:200].decode("utf-8", "replace").strip(),
        rule="extract.not_read",
        where=where,
        message=f"Die Zeile wurde nicht gelesen: {reason}.",
        remedy="Zeile berichtigen: ein JSON-Objekt mit title, text, place_text, url, provider, source_kind, seen_on.",
    )
    return issue.model_dump(mode="json")


def _source(region: str) -> Source:
    """A Source that says nothing but the Region."""
    return Source(name=SOURCE, region=region, access=Access(kind=AccessKind.JSON, start=("https://extract.invalid/",)))
