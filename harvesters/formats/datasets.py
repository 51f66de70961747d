"""Datasets of open-data portals, whatever protocol described them: which file to read, and could it hold offers?"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import unquote, urlsplit

from harvesters.formats.licences import licence_uri
from schemas.harvest import AccessKind, Issue
from schemas.offer import Rights
from schemas.vocabulary import RightsKind

FORMATS: Final[dict[str, AccessKind]] = {
    "ics": AccessKind.ICAL,
    "csv": AccessKind.CSV,
    "geojson": AccessKind.GEOJSON,
    "json": AccessKind.JSON,
    "xlsx": AccessKind.CSV,
    "rss": AccessKind.RSS,
    "atom": AccessKind.RSS,
    "pdf": AccessKind.PDF,
}
"""Formats of files that we read, the one that says most to machines first, and the way of access that reads each."""
_ORDER: Final = tuple(FORMATS)
_MEDIA_TYPES: Final = {
    "text/calendar": "ics",
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/geo+json": "geojson",
    "application/vnd.geo+json": "geojson",
    "application/json": "json",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/rss+xml": "rss",
    "application/atom+xml": "atom",
    "application/pdf": "pdf",
}
_SAID_OF_CSV: Final = "application/vnd.ms-excel"
"""What Windows takes a CSV for, so it says nothing."""
_OTHER_TYPES: Final = ("application/zip", "image/", "audio/", "video/", "application/msword", "application/vnd.")
"""Media types that say for sure: nothing that we read. ``text/html`` and the like are what servers say of anything."""
_ENDINGS: Final = (*_ORDER, "tsv", "ical")
_OTHER_ENDINGS: Final = frozenset(
    ("zip", "gz", "7z", "xml", "gml", "kml", "kmz", "shp", "gpkg", "ods", "odt", "doc", "docx", "xls", "ttl", "rdf")
)
_ALIASES: Final = {"ical": "ics", "icalendar": "ics", "tsv": "csv", "excel": "xlsx"}
_WORD: Final = re.compile(r"[a-z0-9]+")
_YEAR: Final = re.compile(r"(?<!\d)20\d\d(?!\d)")
_ABOUT: Final = re.compile(
    r"(?i)beschreibung|erläuterung|metadaten|legende|schema\b|dokumentation|lizenz|nutzungs|readme|muster|beispieldatei"
)
"""Names of files that tell about the data."""
_OFFERS: Final = re.compile(
    r"(?i)veranstalt|\btermin|\bevents?\b|kalender|\bkurse?\b|kursprogramm|führung(?:en)?\b|workshop|mitmach"
    r"|ferien(?:pass|programm)|freizeit|angebot|\bkitas?\b|kinder|\bfamilie|vorschul|museumsp|umweltbildung|lernort"
    r"|programmheft|spielmobil"
)
_OTHERS: Final = re.compile(
    r"(?i)statisti|anzahl|einwohner|bevölkerung|haushalt|finanz|messwert|zählung|wahl(?:en|ergebnis|bezirk)|kataster"
    r"|bebauung|luftbild|flurst|bodenricht|arbeitslos|prognose|quote\b|kennzahl|geburten|bedarfsplan|abfall|abfuhr|müll"
    r"|sitzung|baustell"
)
"""Words of datasets that count things, draw maps or tell of offices; their rows are no offers."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """One file of a dataset."""

    url: str
    """Where it lies today; portals change this with every upload."""
    key: str = ""
    """The portal's id of it."""
    name: str = ""
    """What people call it."""
    label: str = ""
    """What the portal calls its format; often wrong."""
    media_type: str = ""
    """Its media type, where stated."""
    modified: date | None = None
    """Day of the last change."""
    licences: tuple[str, ...] = ()
    """What it says about its own licence."""

    @property
    def format(self) -> str | None:
        """Which of ``FORMATS`` it most likely is: media type, else the ending of the address, else the label.

        >>> Distribution("https://x.example/a.csv", label="HTML").format
        'csv'
        >>> Distribution("https://x.example/a.zip", label="CSV").format
        >>> Distribution("https://x.example/wfs?outputFormat=application/geo%2Bjson", label="WFS").format
        'geojson'
        """
        media_type = self.media_type.lower().partition(";")[0].strip()
        parts = urlsplit(self.url)
        ending = parts.path.lower().rpartition("/")[2].rpartition(".")[2]
        if (known := _MEDIA_TYPES.get(media_type)) is not None:
            return ending if (known, ending) == ("json", "geojson") else known
        if media_type.startswith(_OTHER_TYPES) and media_type != _SAID_OF_CSV:
            return None
        if ending in _ENDINGS:
            return _ALIASES.get(ending, ending)
        if ending in _OTHER_ENDINGS and "." in parts.path:
            return None
        asked = unquote(parts.query).lower()
        for word in ("geojson", "geo+json", "csv", "json", "xlsx", "ics"):
            if re.search(rf"(?:format|type|output)=[\w/.]*{re.escape(word)}", asked):
                return _MEDIA_TYPES.get(f"application/{word}", word)
        return _labelled(self.label)


def _labelled(label: str) -> str | None:
    """The format that a label names; ``None`` where it names a packed or another one, too.

    >>> _labelled("text/csv"), _labelled("CSV (Semikolon)"), _labelled("ZIP+CSV"), _labelled("iCal")
    ('csv', 'csv', None, 'ics')
    """
    words = _WORD.findall(label.lower())
    if set(words) & _OTHER_ENDINGS:
        return None
    named = {_ALIASES.get(word, word) for word in words}
    return next((name for name in ("geojson", *_ORDER) if name in named), None)


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a portal says about one dataset."""

    key: str
    """Its id: what ``access.dataset`` names."""
    title: str
    also: tuple[str, ...] = ()
    """Other ids and names of it."""
    text: str = ""
    keywords: tuple[str, ...] = ()
    publisher: str = ""
    """The organisation behind it."""
    licences: tuple[str, ...] = ()
    """What it says about its licence: ids, addresses."""
    attribution: str = ""
    """Whom to name, where it says so."""
    page: str = ""
    """Its page for people."""
    contact: str = ""
    """Mail address of whoever answers for it, be it an office or a person."""
    modified: date | None = None
    distributions: tuple[Distribution, ...] = ()

    def choices(self, only: str | None = None) -> list[Distribution]:
        """The files that we can read, the best first: format, then data before what tells about it, newest first.

        ``only`` (``access.distribution``) leaves those of one format, or the one of this id.
        """
        named = [each for each in self.distributions if only and only in (each.key, each.url)]
        if named:
            return named
        fit = [each for each in self.distributions if each.format and only in (None, each.format)]
        return sorted(fit, key=self._rank)

    def _rank(self, file: Distribution) -> tuple[int, bool, int, int]:
        changed = file.modified or self.modified
        years = [int(year) for year in _YEAR.findall(f"{file.name} {urlsplit(file.url).path.rpartition('/')[2]}")]
        year = max(years, default=changed.year if changed else 0)
        days = changed.toordinal() if changed else 0
        return _ORDER.index(file.format or "pdf"), bool(_ABOUT.search(file.name)), -year, -days

    @property
    def promise(self) -> int:
        """How much it sounds like offers, by its words alone; 0: not at all, or without a file that we read."""
        if not self.choices() or _OTHERS.search(self.title):
            return 0
        told = 4 * _count(self.title) + 2 * _count(" ".join(self.keywords)) + min(_count(self.text), 2)
        return max(told - 2 * len(_OTHERS.findall(" ".join((*self.keywords, self.text)))), 0)

    def rights(self, file: Distribution | None = None) -> Rights:
        """What may be proposed: an open licence only where all that is stated is that one; else only facts."""
        stated = {
            *map(licence_uri, filter(None, self.licences)),
            *map(licence_uri, filter(None, file.licences if file else ())),
        }
        (uri,) = stated if len(stated) == 1 else (None,)
        credit = (self.attribution or self.publisher)[:400]
        if uri is None or not credit:
            return Rights()
        return Rights(kind=RightsKind.OPEN, licence=uri, attribution=credit)

    @property
    def described(self) -> str:
        """What it is, in half a sentence.

        >>> Dataset("1", "Spielorte", publisher="Stadt Wald").described
        '„Spielorte“ (Stadt Wald; keine Datei in einem Format, das wir lesen)'
        """
        formats = list(dict.fromkeys(file.format.upper() for file in self.choices() if file.format))
        licence = next(filter(None, self.licences), "")
        told = (self.publisher, ", ".join(formats) or "keine Datei in einem Format, das wir lesen",
                licence and f"Lizenz: {licence}")  # fmt: skip
        return f"„{self.title}“ ({'; '.join(filter(None, told))})"


def _count(words: str) -> int:
    return len({match.lower() for match in _OFFERS.findall(words)})


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One page of what a portal lists."""

    datasets: tuple[Dataset, ...] = ()
    total: int | None = None
    """How many there are, by what the portal says."""
    next: str | None = None
    """Address of the next page."""
    issues: tuple[Issue, ...] = ()
    """What had to be repaired."""

    def find(self, dataset: str | None) -> Dataset | None:
        """The dataset of this id or name; without one the only dataset there is."""
        if dataset is None:
            return self.datasets[0] if len(self.datasets) == 1 and self.next is None else None
        return next((each for each in self.datasets if dataset in (each.key, *each.also)), None)


def promising(datasets: Iterable[Dataset]) -> list[Dataset]:
    """Those that sound like offers, the most promising first; what they hold, only reading them shows."""
    found = [each for each in datasets if each.promise]
    return sorted(found, key=lambda each: (-each.promise, each.title, each.key))


def day_of(said: object) -> date | None:
    """The day in what portals say of time: ISO, German, or as DKAN writes it.

    >>> day_of("2026-11-20T10:00:00.123"), day_of("Mo, 11/23/2026 - 14:05"), day_of("1.2.2026"), day_of("neulich")
    (datetime.date(2026, 11, 20), datetime.date(2026, 11, 23), datetime.date(2026, 2, 1), None)
    """
    text = str(said)[:100]
    for pattern, order in _DAYS:
        if (match := pattern.search(text)) is not None:
            year, month, day = (int(match[place]) for place in order)
            try:
                return date(year, month, day)
            except ValueError:
                return None
    return None


_DAYS: Final = (
    (re.compile(r"(\d{4})-(\d\d)-(\d\d)"), (1, 2, 3)),
    (re.compile(r"(?<!\d)(\d\d?)\.(\d\d?)\.(\d{4})"), (3, 2, 1)),
    (re.compile(r"(?<!\d)(\d\d)/(\d\d)/(\d{4})"), (3, 1, 2)),
)
