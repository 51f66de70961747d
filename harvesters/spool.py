"""The near side of a crawl: start the child, wait with a deadline, read what it spooled."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from harvesters.child import last_words, run_child
from harvesters.crawl_job import CRAWL_SECONDS, JOB, Job
from harvesters.fetch.client import FetchSettings
from harvesters.formats.records import Origin, one_per_identity
from harvesters.parts import divided
from harvesters.problems import ReadError
from harvesters.reading import ReadOutcome, fingerprint_of
from schemas.harvest import Issue, Record, RunResult, Source
from schemas.offer import SourceKey
from schemas.store.harvest import fingerprint
from schemas.store.pages import Page

_GRACE_SECONDS: Final = 20
_BEAT_SECONDS: Final = 60.0
_ROOM: Final = 20_000_000
"""Characters that are remembered of the pages of one source."""
_LONGEST_URL: Final = 2_000
_SAME_PAGES: Final = 3
_NOWHERE: Final = SourceKey(source="nowhere", key="x")
NOTHING_KNOWN: Final[Mapping[str, Page]] = MappingProxyType({})
"""No page is asked conditionally."""


def crawl(
    source: Source,
    *,
    settings: FetchSettings,
    now: datetime,
    known: Mapping[str, Page] = NOTHING_KNOWN,
    spool_dir: Path | None = None,
    database: str | None = None,
    max_seconds: int = CRAWL_SECONDS,
    grace_seconds: float = _GRACE_SECONDS,
    beat_seconds: float = _BEAT_SECONDS,
    heartbeat: Callable[[], None] = lambda: None,
) -> ReadOutcome:
    """What a crawl of ``source`` found. ``heartbeat`` is called every ``beat_seconds`` while it goes on.

    Pages that are ``known`` are asked whether they have changed.

    The child ends itself after ``max_seconds``, and is killed when it has not ended ``grace_seconds`` later.

    Raises ``ReadError`` where a start page cannot be read, or the child ends without a Record and without a reason.
    """
    with tempfile.TemporaryDirectory(prefix=f"crawl-{source.name}-", dir=spool_dir) as folder:
        spool, log = Path(folder) / "records.ndjson", Path(folder) / "log.txt"
        job = Job(source, settings, now, str(spool), tuple(known.values()), database, max_seconds)
        ended = run_child(
            "harvesters.crawl",
            JOB.dump_json(job),
            log,
            seconds=max_seconds + grace_seconds,
            beat=beat_seconds,
            heartbeat=heartbeat,
        )
        outcome = read_spool(spool, source, now, known)
        if outcome is not None:
            return outcome
        said = last_words(log)
    raise ReadError(
        source.name,
        source.access.start[0],
        "crawl.died" if ended else "crawl.too_slow",
        f"Das Lesen der Seiten brach ab ({said})." if ended else "Das Lesen der Seiten dauerte zu lange.",
        "Es wird beim nächsten Abruf wieder versucht; bleibt es dabei, bitte den Entwicklern melden.",
    )


def read_spool(
    spool: Path, source: Source, now: datetime, known: Mapping[str, Page] = NOTHING_KNOWN
) -> ReadOutcome | None:
    """The spool's content in the order of the site; ``None`` where it holds neither offers nor an end.

    Raises ``ReadError`` with what the child says about a start page that cannot be read.
    """
    if not spool.exists():
        return None
    found = _Found()
    with spool.open(encoding="utf-8", errors="replace") as lines:
        for text in lines:
            try:
                found.take(json.loads(text))
            except (json.JSONDecodeError, ValidationError):  # the child died in the middle of a line
                found.complete = found.ended = False
                break
    if not (found.records or found.unchanged or found.ended):
        return None
    ordered = sorted(found.records, key=lambda pair: (pair[0], pair[1].origin.part))
    still = _still_there(source, found.unchanged, known)
    origin = Origin(source, source.access.start[0], now, "crawl")
    # Of an identity on two pages the first counts, as if both had been sent.
    shown = [(order, record) for order, record in ordered if still.get(record.origin, order) >= order]
    issues = [*found.issues]
    same = _same_everywhere(shown, len(found.unchanged))
    if same:
        issues.append(
            origin.problem(
                "run",
                "crawl.same_everywhere",
                same[0].title,
                message=f"{len(same)} Seiten sagen Wort für Wort dasselbe; sie wurden nicht übernommen.",
                remedy="Bitte eine davon im Browser öffnen: Verlangt sie eine Anmeldung, oder wird sie gewartet?",
            )
        )
    unique, doubled = one_per_identity(origin, (record for _, record in shown if record not in same))
    offers = divided(unique)
    if not found.ended:
        issues.append(
            origin.problem(
                "run",
                "crawl.unfinished",
                message="Das Lesen der Seiten wurde vor dem Ende abgebrochen; nichts wird zurückgezogen.",
                remedy="Es wird beim nächsten Abruf wieder versucht.",
            )
        )
    result = RunResult(
        records=offers,
        issues=(*issues, *doubled),
        complete=found.complete and not same,
        gone=tuple(found.gone),
        unchanged=tuple(still.keys() - {record.origin for record in offers}),
    )
    return ReadOutcome(result, _to_remember(source, found, known, now))


class _Found:
    """The lines of a spool, by what they say."""

    def __init__(self) -> None:
        self.records: list[tuple[list[int], Record]] = []
        self.pages: list[tuple[list[int], dict[str, Any]]] = []
        self.unchanged: list[tuple[list[int], str]] = []
        self.issues: list[Issue] = []
        self.gone: list[str] = []
        self.complete = self.ended = False

    def take(self, line: Mapping[str, Any]) -> None:
        """Take in one line; raises ``ReadError`` where it says that a start page cannot be read."""
        if "record" in line:
            self.records.append((line["order"], Record.model_validate(line["record"])))
        elif "page" in line:
            self.pages.append((line["order"], line["page"]))
        elif "unchanged" in line:
            self.unchanged.append((line["order"], line["unchanged"]))
        elif "issue" in line:
            self.issues.append(Issue.model_validate(line["issue"]))
        elif "gone" in line:
            self.gone.append(str(line["gone"]))
        elif "failed" in line:
            raise ReadError(*line["failed"])
        elif "end" in line:
            self.complete, self.ended = bool(line["end"]["complete"]), True


def _same_everywhere(shown: Sequence[tuple[list[int], Record]], unchanged: int) -> list[Record]:
    """What most of the pages say in the same words, where three at least do: no offers, but what stands in for them."""
    by_words: dict[str, dict[tuple[int, ...], Record]] = {}
    for order, record in shown:
        words = fingerprint(record.model_copy(update={"origin": _NOWHERE, "url": None}))
        by_words.setdefault(words, {})[tuple(order)] = record
    most = max(by_words.values(), key=len, default={})
    pages = len({tuple(order) for order, _ in shown}) + unchanged
    return list(most.values()) if len(most) >= _SAME_PAGES and 2 * len(most) > pages else []


def _still_there(
    source: Source, unchanged: Iterable[tuple[list[int], str]], known: Mapping[str, Page]
) -> dict[SourceKey, list[int]]:
    """What stands on pages that have not changed, with the place of the first such page."""
    still: dict[SourceKey, list[int]] = {}
    for order, url in sorted(unchanged):
        for key, part, _ in known[url].offers or ():
            still.setdefault(SourceKey(source=source.name, key=key, part=part), order)
    return still


def _to_remember(source: Source, found: _Found, known: Mapping[str, Page], now: datetime) -> dict[str, Page]:
    """The pages that may be asked conditionally the next time. One that was read in two roles is none of them."""
    reading = fingerprint_of(source)
    on_page: dict[tuple[int, ...], list[Record]] = {}
    for order, record in found.records:
        on_page.setdefault(tuple(order), []).append(record)
    pages = [known[url] for _, url in found.unchanged]
    for order, said in found.pages:
        here = divided(on_page.get(tuple(order), ()))
        offers = tuple((r.origin.key, r.origin.part, fingerprint(r)) for r in here)
        pages.append(Page(**said | {"links": tuple(said["links"])}, fingerprint=reading, fetched_at=now, offers=offers))
    times = Counter(page.url for page in pages)
    kept: dict[str, Page] = {}
    room = _ROOM
    for page in pages:
        room -= (
            len(page.url) + sum(map(len, page.links)) + sum(len(key) + len(said) for key, _, said in page.offers or ())
        )
        if room < 0:
            break
        if times[page.url] == 1 and len(page.url) <= _LONGEST_URL:
            kept[page.url] = page
    return kept
