"""Which pages may be asked whether they have changed: those whose "not modified" would mean what it says."""

from collections.abc import Mapping
from datetime import datetime

from harvesters.reading import fingerprint_of
from schemas.harvest import Source
from schemas.offer import SourceKey
from schemas.store.harvest import KnownOffer
from schemas.store.pages import KEEP_PAGES, Page


def to_be_asked(
    pages: Mapping[str, Page], source: Source, known: Mapping[SourceKey, KnownOffer], *, version: str, now: datetime
) -> dict[str, Page]:
    """Those of ``pages`` that were read as they would be read today, not too long ago, and are stored. Pure."""
    reading = fingerprint_of(source)
    return {
        url: page
        for url, page in pages.items()
        if page.fingerprint == reading
        and now - page.fetched_at < KEEP_PAGES
        and is_stored(page, source, known, version)
    }


def is_stored(page: Page, source: Source, known: Mapping[SourceKey, KnownOffer], version: str) -> bool:
    """Whether every Record on ``page`` is the one that is stored, read by normaliser ``version``.

    It is not where another page showed the same identity with other words, where the desk changed what its words mean,
    and where somebody asked for it to be erased. A feed, which stands for all that the source has, is stored: a 304
    of it brings back nothing, and reads again from storage what an older normaliser read.
    """
    for key, part, fingerprint in page.offers or ():
        stored = known.get(SourceKey.model_construct(source=source.name, key=key, part=part))
        if stored is None or (stored.fingerprint, stored.reading) != (fingerprint, version):
            return False
    return True
