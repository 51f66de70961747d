"""What is remembered of pages that were read, so that they can be asked whether they have changed: no words of theirs,
only what leads from a page to its offers and to further pages."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from schemas.exclusion import Exclusions
from schemas.offer import SourceKey
from schemas.store import dialect
from schemas.store.bulk import chunks
from schemas.tables.harvest import pages as table

KEEP_PAGES: Final = timedelta(days=30)
"""How long an answer counts; then the page is asked for itself, whatever its server keeps saying about it."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page or feed that was read from its beginning to its end."""

    url: str
    """Address that answered, after redirects."""
    etag: str | None
    """``ETag`` of the answer."""
    last_modified: str | None
    """``Last-Modified`` of the answer."""
    fingerprint: str
    """How it was read (description of the source, readers): "not modified" counts only for the same reading."""
    fetched_at: datetime
    """When its content was received."""
    listing: bool = False
    """Whether it was read as a listing."""
    links: tuple[str, ...] = ()
    """Of a listing: the pages it leads to, in its order."""
    next: str | None = None
    """Of a listing, or of a page of a feed: the next one."""
    offers: tuple[tuple[str, int, str], ...] | None = ()
    """Key, part and fingerprint of each Record on it; ``None`` stands for everything that the source has."""


def pages(session: Session, source_name: str) -> dict[str, Page]:
    """Everything remembered of a source, by address."""
    rows = session.execute(select(table).where(table.c.source == source_name))
    return {row.url: _page(row) for row in rows}


def keep_pages(session: Session, source_name: str, before: Mapping[str, Page], after: Mapping[str, Page]) -> None:
    """Make ``after`` what is remembered of a source, of which ``before`` is stored; only what differs is written."""
    for some in chunks(before.keys() - after.keys()):
        session.execute(delete(table).where(table.c.source == source_name, table.c.url.in_(some)))
    changed = [_values(source_name, page) for url, page in after.items() if before.get(url) != page]
    if changed:
        statement = dialect.insert(session, table)
        others = {name: statement.excluded[name] for name in changed[0] if name not in ("source", "url")}
        session.execute(statement.on_conflict_do_update(index_elements=["source", "url"], set_=others), changed)


def forget_pages(session: Session, excluded: Exclusions, stopped: Collection[str], keys: Collection[SourceKey]) -> None:
    """Delete what is remembered of sources that are ``stopped``, of forbidden addresses, of pages that lead to one, and
    of pages that held one of ``keys``."""
    session.execute(delete(table).where(table.c.source.in_(stopped)))
    erased = {(key.source, key.key, key.part) for key in keys}
    query = select(table).execution_options(yield_per=1_000)
    gone: dict[str, list[str]] = {}
    for row in session.execute(query):
        page = _page(row)
        forbidden = any(excluded.forbids(address) for address in (page.url, page.next, *page.links))
        if forbidden or any((row.source, key, part) in erased for key, part, _ in page.offers or ()):
            gone.setdefault(row.source, []).append(page.url)
    for name, urls in gone.items():
        for some in chunks(urls):
            session.execute(delete(table).where(table.c.source == name, table.c.url.in_(some)))


def purge_pages(session: Session, now: datetime) -> int:
    """Delete what does not count any more; the number deleted."""
    old = delete(table).where(table.c.fetched_at < now - KEEP_PAGES)
    return len(session.execute(old.returning(table.c.url)).all())


def _page(row: Any) -> Page:
    return Page(
        url=row.url,
        etag=row.etag,
        last_modified=row.last_modified,
        fingerprint=row.fingerprint,
        fetched_at=row.fetched_at,
        listing=row.listing,
        links=tuple(row.links),
        next=row.next,
        offers=None if row.offers is None else tuple((key, part, said) for key, part, said in row.offers),
    )


def _values(source_name: str, page: Page) -> dict[str, Any]:
    return {
        "source": source_name,
        "url": page.url,
        "etag": page.etag,
        "last_modified": page.last_modified,
        "fingerprint": page.fingerprint,
        "fetched_at": page.fetched_at,
        "listing": page.listing,
        "links": page.links,
        "next": page.next,
        "offers": page.offers,
    }
