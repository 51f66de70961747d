"""Under which terms the open data may be used: per offer, and for the tables of facts behind places and holidays."""

from dataclasses import dataclass
from typing import Final

from schemas.publish import CC_ZERO, CHANGES, PublicRights
from schemas.vocabulary import RightsKind
from webapp.feeds.licences import open_licence


@dataclass(frozen=True)
class Attribution:
    """A table of facts by others, named wherever what was read from it is passed on or shown."""

    what: str
    """What is taken from it, in German."""
    words: str
    """Words that its licence asks for."""
    licence: str
    """Short name of the licence."""
    url: str
    """Text of the licence."""
    exported: bool
    """Whether anything in the open data comes from it."""


_CC_BY: Final = ("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/")
_DL_BY: Final = ("dl-de/by-2-0", "https://www.govdata.de/dl-de/by-2-0")
_ODBL: Final = ("ODbL 1.0", "https://opendatacommons.org/licenses/odbl/1-0/")

ATTRIBUTIONS: Final = (
    Attribution("Punkte und Orte zu Postleitzahlen", "GeoNames", *_CC_BY, True),
    Attribution(
        "Gemeinden und ihre amtlichen Schlüssel", "© Statistisches Bundesamt (Destatis), Daten verändert", *_DL_BY, True
    ),
    Attribution("Grenzen der Kreise", "© GeoBasis-DE / BKG 2021, Daten verändert", *_DL_BY, True),
    Attribution("Zuordnung von Postleitzahl und Gemeinde", "© OpenStreetMap contributors", *_ODBL, False),
    Attribution("Schulferien", "OpenHolidays API", *_ODBL, False),
)
"""The tables of ``schemas/data`` (its README says what each holds); a test compares the words."""


def exported_words() -> str:
    """One line that names every table behind the exported columns.

    >>> exported_words().split(";")[0]
    'Orte: GeoNames (CC BY 4.0)'
    """
    named = "; ".join(f"{table.words} ({table.licence})" for table in ATTRIBUTIONS if table.exported)
    return f"Orte: {named}"


def rights_line(rights: PublicRights, data_licence: str | None = None) -> str:
    """What may be done with one offer, in one German line; ``data_licence`` is the licence of its facts.

    >>> rights_line(PublicRights())
    'Fakten: CC0 1.0. Der Text des Anbieters ist nicht enthalten.'
    """
    facts = f"Fakten: {open_licence(data_licence or CC_ZERO).name}."
    who = rights.attribution or "des Anbieters"
    if rights.kind is RightsKind.OPEN and rights.licence:
        named = open_licence(rights.licence)
        licence = f"{named.name} ({named.text})" if named.text not in ("", named.name) else named.name
        return f"{facts} Text: {who}, {licence}, {rights.changes or CHANGES}."
    if rights.kind is RightsKind.PERMISSION:
        return f"{facts} Text mit Erlaubnis ({who}), Weitergabe nur mit Zustimmung."
    return f"{facts} Der Text des Anbieters ist nicht enthalten."
