"""The catalogue of the open data: DCAT-AP.de 3.0, one Dataset per bucket of rights, checked with its official shapes.

All nodes have addresses of their own, so that the same state has the same bytes. What mixes rights (calendar, Atom) is
not in it, for a Distribution has exactly one licence; the service for what changes is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from rdflib import RDF, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF

from schemas.clock import local
from schemas.region import Region
from webapp.feeds.buckets import FORMATS, Bucket
from webapp.plain import one_line

ADMS: Final = Namespace("http://www.w3.org/ns/adms#")
DCATAP: Final = Namespace("http://data.europa.eu/r5r/")
DCATDE: Final = Namespace("http://dcat-ap.de/def/dcatde/")
VCARD: Final = Namespace("http://www.w3.org/2006/vcard/ns#")
_EU: Final = Namespace("http://publications.europa.eu/resource/authority/")
_GEOCODING: Final = "http://dcat-ap.de/def/politicalGeocoding"
_LEVELS: Final = {
    2: ("stateKey", "state"),
    5: ("districtKey", "administrativeDistrict"),
    8: ("municipalityKey", "municipality"),
}
_MEDIA_TYPES: Final = {"csv": "https://www.iana.org/assignments/media-types/text/csv"}
"""NDJSON has no registered media type."""
_FILE_TYPES: Final = {"csv": _EU["file-type/CSV"], "ndjson": _EU["file-type/JSON"]}
_FORMAT_NAMES: Final = {"csv": "CSV", "ndjson": "NDJSON"}
_SAFE_IRI: Final = re.compile(r"https?://[^\s<>\"{}|\\^`\x00-\x20]{1,400}")
_KEYWORDS: Final = (
    "Kita",
    "Kindertagesstätte",
    "frühkindliche Bildung",
    "außerschulische Lernorte",
    "Bildungsangebote",
)
SERIALISATIONS: Final = {"ttl": "turtle", "rdf": "pretty-xml", "jsonld": "json-ld"}
"""Ending of the address → name of the form in rdflib."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the catalogue tells about."""

    buckets: Sequence[Bucket]
    """Buckets of the Region."""
    credits: Mapping[str, Sequence[str]]
    """Whom to name, by licence."""
    since: datetime | None
    """Moment of the first publication."""
    changed: datetime
    """Moment of the last one."""


def catalog(region: Region, base_url: str, holdings: Holdings) -> Graph:
    """The catalogue of ``region``, whose public address is ``base_url``."""
    return _Catalog(region, base_url, holdings).graph


class _Catalog:
    def __init__(self, region: Region, base_url: str, holdings: Holdings) -> None:
        self._region, self._base, self._holdings = region, base_url, holdings
        self._place = one_line(region.name)
        self.graph = Graph()
        for prefix, namespace in (("adms", ADMS), ("dcatap", DCATAP), ("dcatde", DCATDE), ("vcard", VCARD)):
            self.graph.bind(prefix, namespace)
        self._publisher, self._contact, self._where = self._agent(), self._kind(), self._location()
        datasets = [self._dataset(bucket) for bucket in holdings.buckets]
        service = self._service(datasets)
        self._describe(datasets, service)

    def _node(self, name: str = "") -> URIRef:
        return URIRef(f"{self._base}/catalog{'#' if name else ''}{name}")

    def _page(self, path: str) -> URIRef:
        return URIRef(f"{self._base}{path}")

    def _add(self, node: URIRef, *said: tuple[URIRef, URIRef | Literal | None]) -> URIRef:
        for predicate, value in said:
            if value is not None:
                self.graph.add((node, predicate, value))
        return node

    def _agent(self) -> URIRef:
        name = one_line(self._region.publisher or self._region.name)
        return self._add(self._node("herausgeber"), (RDF.type, FOAF.Agent), (FOAF.name, Literal(name)))

    def _kind(self) -> URIRef:
        """The functional address, else the imprint; never a person's."""
        node = self._add(
            self._node("kontakt"),
            (RDF.type, VCARD.Organization),
            (RDF.type, VCARD.Kind),
            (VCARD.fn, Literal(f"{one_line(self._region.service_name)} {self._place}")),
            (VCARD.hasURL, self._page("/impressum")),
        )
        mail = self._region.reply_to
        return self._add(node, (VCARD.hasEmail, URIRef(f"mailto:{quote(mail, safe='@+')}") if mail else None))

    def _location(self) -> URIRef | None:
        if len(self._region.key) not in _LEVELS or self._region.key == "00":
            return None
        kind, _ = _LEVELS[len(self._region.key)]
        return self._add(URIRef(f"{_GEOCODING}/{kind}/{self._region.key}"), (RDF.type, DCTERMS.Location))

    def _dataset(self, bucket: Bucket) -> URIRef:
        node = self._node(bucket.slug)
        self._add(
            node,
            (RDF.type, DCAT.Dataset),
            (DCTERMS.title, _german(f"Angebote für Kitas in {self._place}: {bucket.title}")),
            (DCTERMS.description, _german(self._description(bucket))),
            (DCTERMS.identifier, Literal(str(node))),
            (DCTERMS.publisher, self._publisher),
            (DCAT.contactPoint, self._contact),
            (DCAT.theme, _EU["data-theme/EDUC"]),
            (DCTERMS.accrualPeriodicity, _EU["frequency/DAILY"]),
            (DCTERMS.accessRights, _EU["access-right/PUBLIC"]),
            (DCTERMS.language, _EU["language/DEU"]),
            (DCTERMS.issued, Literal(self._holdings.since) if self._holdings.since else None),
            (DCTERMS.modified, Literal(self._holdings.changed)),
            (DCTERMS.spatial, self._where),
            (DCAT.landingPage, self._document("/daten")),
            (DCTERMS.conformsTo, self._standard()),
        )
        for word in _KEYWORDS:
            self._add(node, (DCAT.keyword, _german(word)))
        if self._where is not None:
            level = _LEVELS[len(self._region.key)][1]
            self._add(node, (DCATDE.politicalGeocodingLevelURI, URIRef(f"{_GEOCODING}/Level/{level}")))
        if self._holdings.since is not None:
            period = self._node("zeitraum")
            start = Literal(local(self._holdings.since).date())
            self._add(node, (DCTERMS.temporal, period))
            self._add(period, (RDF.type, DCTERMS.PeriodOfTime), (DCAT.startDate, start))
        contributor = self._region.contributor_id
        if contributor and _SAFE_IRI.fullmatch(contributor):
            self._add(node, (DCATDE.contributorID, URIRef(contributor)))
        for form in FORMATS:
            self._add(node, (DCAT.distribution, self._distribution(bucket, form)))
        return node

    def _description(self, bucket: Bucket) -> str:
        if bucket.holds_texts:
            return (
                f"Veröffentlichte Angebote für Kindertageseinrichtungen in {self._place}, deren Texte unter "
                f"{bucket.licence.name} stehen, mit diesen Texten. Die Texte sind gekürzt und vereinheitlicht."
            )
        return (
            f"Alle veröffentlichten Angebote für Kindertageseinrichtungen in {self._place}: was, für welches Alter, "
            "wo, wann, zu welchem Preis, wie anmelden. Ohne Texte der Anbieter. Angaben sind vereinheitlicht."
        )

    def _distribution(self, bucket: Bucket, form: str) -> URIRef:
        node = self._node(f"{bucket.slug}-{form}")
        file = self._page(f"/offers-{bucket.slug}.{form}")
        media_type = _MEDIA_TYPES.get(form)
        names = self._holdings.credits.get(bucket.licence.uri, ()) if bucket.holds_texts else ()
        who = ", ".join([one_line(name) for name in names] or [one_line(self._region.publisher or self._region.name)])
        return self._add(
            node,
            (RDF.type, DCAT.Distribution),
            (DCTERMS.title, _german(f"{bucket.title} ({_FORMAT_NAMES[form]})")),
            (DCAT.accessURL, file),
            (DCAT.downloadURL, file),
            (DCTERMS.license, URIRef(bucket.licence.listed)),
            (DCATDE.licenseAttributionByText, _german(f"{who}; verändert: gekürzt, vereinheitlicht")),
            (DCTERMS.format, _FILE_TYPES[form]),
            (DCAT.mediaType, URIRef(media_type) if media_type else None),
            (DCATAP.availability, _EU["planned-availability/STABLE"]),
            (ADMS.status, _EU["distribution-status/COMPLETED"]),
            (DCTERMS.modified, Literal(self._holdings.changed)),
            (DCTERMS.language, _EU["language/DEU"]),
            (DCTERMS.conformsTo, self._standard()),
        )

    def _service(self, datasets: Sequence[URIRef]) -> URIRef:
        node = self._add(
            self._node("schnittstelle"),
            (RDF.type, DCAT.DataService),
            (DCTERMS.title, _german(f"Angebote für Kitas in {self._place}: Änderungen seitenweise")),
            (
                DCTERMS.description,
                _german(
                    "JSON mit Kennungen, die bleiben, und mit dem, was seit einer Änderung neu oder entfallen ist."
                ),
            ),
            (DCAT.endpointURL, self._page("/offers.json")),
            (DCAT.endpointDescription, self._page("/daten")),
            (DCTERMS.publisher, self._publisher),
            (DCAT.contactPoint, self._contact),
            (DCTERMS.accessRights, _EU["access-right/PUBLIC"]),
            (DCAT.theme, _EU["data-theme/EDUC"]),
            (DCTERMS.conformsTo, self._standard()),
        )
        for dataset in datasets:
            self._add(node, (DCAT.servesDataset, dataset))
        return node

    def _describe(self, datasets: Sequence[URIRef], service: URIRef) -> None:
        node = self._add(
            self._node(),
            (RDF.type, DCAT.Catalog),
            (DCTERMS.title, _german(f"Offene Daten von {one_line(self._region.service_name)} {self._place}")),
            (DCTERMS.description, _german(f"Angebote für Kindertageseinrichtungen in {self._place} als offene Daten.")),
            (DCTERMS.publisher, self._publisher),
            (DCTERMS.language, _EU["language/DEU"]),
            (DCTERMS.license, URIRef("http://dcat-ap.de/def/licenses/cc-zero")),
            (DCTERMS.modified, Literal(self._holdings.changed)),
            (DCTERMS.spatial, self._where),
            (FOAF.homepage, self._document("/")),
            (DCAT.service, service),
        )
        for dataset in datasets:
            self._add(node, (DCAT.dataset, dataset))

    def _document(self, path: str) -> URIRef:
        return self._add(self._page(path), (RDF.type, FOAF.Document))

    def _standard(self) -> URIRef:
        """The schema of the records."""
        return self._add(
            self._page("/schema/offer.json"),
            (RDF.type, DCTERMS.Standard),
            (DCTERMS.title, _german("JSON-Schema eines Angebots")),
        )


def _german(text: str) -> Literal:
    return Literal(text, lang="de")
