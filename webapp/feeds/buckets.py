"""The open data in buckets: what may be used alike lies in files of its own, at addresses that stay.

``fakten`` holds the facts of all offers of the Region, under the licence of the Region; each open licence has a file
with the offers whose texts stand under it. What a provider allowed to this platform alone is in none of them.
"""

from dataclasses import dataclass
from typing import Final

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from schemas.region import Region
from schemas.store.following import licences
from schemas.store.offers import FACTS, Cut, buckets
from schemas.store.runs import sources
from schemas.vocabulary import RightsKind
from webapp.db import NOWHERE
from webapp.feeds.licences import OpenLicence, known_slugs, open_licence

FACTS_SLUG: Final = "fakten"
FORMATS: Final = ("ndjson", "csv")
"""Formats of each bucket."""
_NO_TEXTS: Final = frozenset({RightsKind.FACTS_ONLY, RightsKind.PERMISSION})


@dataclass(frozen=True, slots=True)
class Bucket:
    """Offers that may be used alike."""

    slug: str
    """Part of its files' names: ``offers-<slug>.csv``."""
    licence: OpenLicence
    """What they may be used under."""
    cut: Cut
    """What they are."""
    offers: int | None = None
    """How many there are, where that was counted."""

    @property
    def holds_texts(self) -> bool:
        """Whether texts of providers are in it."""
        return self.cut.bucket != FACTS

    @property
    def title(self) -> str:
        """Name for people."""
        if self.holds_texts:
            return str(_("Angebote mit Texten unter %(licence)s", licence=self.licence.name))
        return str(_("Fakten aller Angebote"))


def buckets_of(session: Session, region: Region) -> list[Bucket]:
    """The buckets of ``region`` that hold anything, facts first; the facts always."""
    beginning = _beginning(region)
    counted = buckets(session, region=beginning)
    facts = Bucket(FACTS_SLUG, _facts_licence(session, region), Cut(beginning, FACTS), sum(counted.values()))
    of_texts = {uri: open_licence(uri) for uri in counted if uri not in _NO_TEXTS}
    return [facts] + [
        Bucket(licence.slug, licence, Cut(beginning, uri), counted[uri]) for uri, licence in of_texts.items()
    ]


def credits_of(session: Session, region: Region) -> dict[str, list[str]]:
    """Whom to name for texts, by the URI of the licence: the attributions of the Region's sources with open rights."""
    found: dict[str, set[str]] = {}
    for source in sources(session):
        rights = source.rights
        if rights.kind is RightsKind.OPEN and rights.licence and source.region.startswith(_beginning(region)):
            found.setdefault(rights.licence, set()).add(rights.attribution or source.title or source.name)
    return {uri: sorted(names) for uri, names in sorted(found.items())}


def bucket_of(session: Session, region: Region, slug: str) -> Bucket | None:
    """The bucket of that name, also an empty one of a licence that is known; ``None`` where there is no such name.

    Nothing is counted for a name that is known, for that would read every offer before the first byte of a file.
    """
    if slug == FACTS_SLUG:
        return Bucket(slug, _facts_licence(session, region), Cut(_beginning(region), FACTS))
    if (uri := known_slugs().get(slug)) is not None:
        return Bucket(slug, open_licence(uri), Cut(_beginning(region), uri))
    return next((bucket for bucket in buckets_of(session, region) if bucket.slug == slug), None)


def _facts_licence(session: Session, region: Region) -> OpenLicence:
    return open_licence(licences(session).get(region.key, region.data_licence))


def _beginning(region: Region) -> str:
    return "" if region is NOWHERE else region.key
