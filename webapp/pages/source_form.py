"""The form by which a draft becomes a source: what is asked, read, and said where something is missing."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import ValidationError

from schemas.harvest import AccessKind, Source
from schemas.offer import Rights
from schemas.vocabulary import RightsKind
from webapp.feeds.licences import open_licence

RHYTHMS: Final = {
    "hourly": _l("jede Stunde"),
    "daily": _l("jede Nacht"),
    "weekly": _l("jede Woche"),
    "monthly": _l("jeden Monat"),
}
"""How often a source is read, in words."""
TRUSTS: Final = {
    "hold": _l("Jedes Angebot erst ansehen"),
    "publish": _l("Klare Ja-Angebote ohne Klick veröffentlichen"),
}
"""What trust means, in words."""
RIGHTS: Final = {
    RightsKind.FACTS_ONLY: _l("Nur Tatsachen und der Link (Texte und Bilder bleiben bei der Quelle)"),
    RightsKind.OPEN: _l("Offene Lizenz: Texte dürfen gezeigt werden"),
    RightsKind.PERMISSION: _l("Erlaubnis des Anbieters: Texte dürfen gezeigt werden"),
}
"""What may be shown, in words."""
LICENCES: Final = {
    "http://dcat-ap.de/def/licenses/cc-zero": "CC0 1.0",
    "http://dcat-ap.de/def/licenses/cc-by/4.0": "CC BY 4.0",
    "http://dcat-ap.de/def/licenses/dl-by-de/2.0": "Datenlizenz Deutschland – Namensnennung 2.0",
    "http://dcat-ap.de/def/licenses/dl-zero-de/2.0": "Datenlizenz Deutschland – Zero 2.0",
}
"""Licences that can be chosen (DCAT-AP.de list of licences)."""
WAYS: Final = {
    AccessKind.STRUCTURED: _l("Internetseite mit Angaben für Maschinen (schema.org)"),
    AccessKind.HTML: _l("Internetseite nach Beschreibung"),
    AccessKind.PAGE: _l("Internetseite, von uns selbst gelesen (Überschrift und Text)"),
    AccessKind.ICAL: _l("Kalender (iCal)"),
    AccessKind.CSV: _l("Tabelle im Netz (CSV)"),
    AccessKind.JSON: _l("Datenliste im Netz (JSON)"),
    AccessKind.PDF: _l("Faltblatt oder Programm (PDF)"),
    AccessKind.RSS: _l("Nachrichten-Feed (RSS, Atom)"),
    AccessKind.GEOJSON: _l("Orte auf der Karte (GeoJSON)"),
    AccessKind.OAI: _l("Katalog von Datensätzen (OAI-PMH)"),
    AccessKind.RPDE: _l("Veranstaltungs-Feed (OpenActive, RPDE)"),
    AccessKind.LINKED_EVENTS: _l("Veranstaltungskalender (LinkedEvents)"),
    AccessKind.KULTURDATEN: _l("kulturdaten.berlin"),
    AccessKind.CKAN: _l("Datensatz eines Open-Data-Portals (CKAN)"),
    AccessKind.DCAT: _l("Datensatz eines Open-Data-Katalogs (DCAT)"),
    AccessKind.TABLE: _l("hochgeladene Tabelle"),
    AccessKind.FORM: _l("Einträge von Anbietern"),
}
"""Ways of access, in words."""
_LONGEST: Final = {"title": 200, "provider": 200, "contact": 254, "attribution": 400, "granted_by": 200}


def licences_of(source: Source | None) -> Mapping[str, str]:
    """Licences that can be chosen for ``source``: the usual ones, and what its description or portal states."""
    stated = source.rights.licence if source else None
    return LICENCES if stated is None or stated in LICENCES else {**LICENCES, stated: open_licence(stated).name}


class SourceForm:
    """What was entered, and what is wrong with it by field."""

    def __init__(self, values: Mapping[str, str], licences: Mapping[str, str] = LICENCES) -> None:
        self.values: Final = dict(values)
        self._licences = licences
        self.errors: dict[str, str] = {}

    @classmethod
    def of(cls, source: Source) -> "SourceForm":
        """The form filled with what ``source`` says."""
        rights = source.rights
        return cls(
            {
                "title": source.title or "",
                "provider": source.provider or "",
                "contact": source.contact or "",
                "rhythm": source.rhythm,
                "trust": source.trust,
                "rights": rights.kind.value,
                "licence": rights.licence or "",
                "attribution": rights.attribution or "",
                "granted_by": rights.granted_by or "",
                "granted_on": rights.granted_on.isoformat() if rights.granted_on else "",
            }
        )

    def read(self) -> dict[str, Any] | None:
        """Keys of ``Source`` with JSON values; ``None`` with ``errors`` where something is missing or wrong."""
        text = {name: self._text(name) for name in _LONGEST}
        if not text["title"]:
            self.errors["title"] = _("Bitte sagen Sie, wie die Quelle heißen soll.")
        if text["contact"] and ("@" not in text["contact"] or " " in text["contact"]):
            self.errors["contact"] = _("Das ist keine Mailadresse.")
        changes = {
            "title": text["title"],
            "provider": text["provider"] or None,
            "contact": text["contact"] or None,
            "rhythm": self._choice("rhythm", RHYTHMS),
            "trust": self._choice("trust", TRUSTS),
            "rights": self._rights(text["attribution"], text["granted_by"]),
        }
        return None if self.errors else changes

    def _text(self, name: str) -> str:
        value = " ".join(self.values.get(name, "").replace("\0", "").split())
        if len(value) > _LONGEST[name]:
            self.errors[name] = _("Bitte höchstens %(n)s Zeichen.", n=_LONGEST[name])
        return value

    def _choice(self, name: str, options: Mapping[Any, Any]) -> str:
        value = self.values.get(name, "")
        if value not in options:
            self.errors[name] = _("Bitte wählen Sie eine der Möglichkeiten.")
        return value

    def _rights(self, attribution: str, granted_by: str) -> dict[str, Any] | None:
        kind, licence = self.values.get("rights", ""), self.values.get("licence", "")
        if kind == RightsKind.OPEN:
            if licence not in self._licences:
                self.errors["licence"] = _("Bitte wählen Sie die Lizenz, die auf der Seite steht.")
            if not attribution:
                self.errors["attribution"] = _("Bitte sagen Sie, wer genannt werden soll.")
            given: dict[str, Any] = {"licence": licence, "attribution": attribution}
        elif kind == RightsKind.PERMISSION:
            if not granted_by:
                self.errors["granted_by"] = _("Bitte sagen Sie, wer die Erlaubnis gegeben hat.")
            given = {"granted_by": granted_by, "granted_on": self._day(), "attribution": attribution or None}
        elif kind == RightsKind.FACTS_ONLY:
            given = {}
        else:
            self.errors["rights"] = _("Bitte wählen Sie eine der Möglichkeiten.")
            return None
        if self.errors:
            return None
        try:
            return Rights.model_validate({"kind": kind, **given}).model_dump(mode="json")
        except ValidationError:
            self.errors["rights"] = _("Diese Angaben passen nicht zusammen.")
            return None

    def _day(self) -> str | None:
        try:
            return date.fromisoformat(self.values.get("granted_on", "")).isoformat()
        except ValueError:
            self.errors["granted_on"] = _("Bitte geben Sie den Tag der Erlaubnis an.")
            return None
