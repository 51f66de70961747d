"""One Record while it is being understood: its words, and the fields, origins and Issues found so far."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from harvesters.normalise.date_roles import ScheduleReading
from harvesters.normalise.evidence import MAX_EVIDENCE, Found, T, best
from harvesters.normalise.persons import ContactReading, without_persons
from harvesters.normalise.scopes import Scopes
from harvesters.normalise.text import Prose, clean, clean_line
from schemas.harvest import MAX_TEXT, Issue, Record, RecordField, Source
from schemas.offer import MAX_DESCRIPTION, MAX_SUMMARY, MAX_TITLE, OfferFields, Provenance

LEAST_CONFIDENCE: Final = 0.4
"""Readings of prose below this are dropped: unknown stays unknown."""
OWN_NAME: Final = 0.98
"""Confidence of what stands under its own name and needs no understanding."""
_MAX_WORDING: Final = 500
_SHOWN: Final[frozenset[RecordField]] = frozenset(["subtitle", "dates", "price", "service_area", "place", "place_name"])
"""Names whose wording is shown as it stands, in whole or in part."""


class Reading:
    """Collects the fields of one offer."""

    def __init__(self, record: Record, source: Source | None, today: date) -> None:
        self.record = record
        self.source = source
        self.today = today
        self.fields: dict[str, Any] = {}
        self.provenance: dict[str, Provenance] = {}
        self.issues: list[Issue] = []
        self._name = source.name if source else record.origin.source
        self._address = record.address or record.url
        self._where = f"{self._name} {self._address or record.origin.key}"
        self.contact = ContactReading()
        self.title = self._without_persons(clean_line(record.title, MAX_TITLE), names=False)[:MAX_TITLE]
        self.description = self._without_persons(clean(record.text, MAX_DESCRIPTION))[:MAX_DESCRIPTION]
        self.title_end = len(self.title)
        subtitle = self._without_persons(clean_line(record.words.get("subtitle", ""), MAX_SUMMARY))
        self.page = Prose("\n".join(filter(None, (self.title, subtitle, self.description))))
        self.deadlines: ScheduleReading | None = None
        self.scopes = Scopes(self.page, None)
        if len(record.text) >= MAX_TEXT or len(self.description) == MAX_DESCRIPTION:
            self.issue(
                "description",
                self.description[-80:],
                "text.cut",
                "Der Text ist zu lang und wurde gekürzt.",
                "Prüfen, ob ein Selektor zu viel erfasst.",
            )

    def _without_persons(self, text: str, *, names: bool = True) -> str:
        shown, contact = without_persons(text, names=names)
        self.contact.add(contact)
        return shown

    def words(self, name: RecordField) -> str | None:
        """What the source says under that name, cleaned, after its defaults and lookups; ``None`` where nothing."""
        raw = self.record.words.get(name)
        if raw is None or not raw.strip():
            raw = self.source.defaults.get(name) if self.source else None
        if raw is None:
            return None
        wording = clean(raw)
        shown = without_persons(wording)[0] if name in _SHOWN else wording
        if self.source and (table := self.source.lookups.get(name)):
            asked = shown[:_MAX_WORDING]  # as the Issue has it, to which the desk gave a meaning
            meaning = next((table[said] for said in (wording, raw, asked) if said in table), None)
            if meaning is not None:
                shown = without_persons(meaning)[0] if name in _SHOWN else meaning
        return shown or None

    def put(self, field: str, value: object, rule: str, confidence: float, evidence: str | None = None) -> None:
        """Set a field, with where it comes from; ``None`` and empty values set nothing."""
        if value is None or value == () or value == {} or value == "":
            return
        self.fields[field] = value
        self.provenance[field] = Provenance(
            source=self._name,
            rule=rule,
            confidence=round(min(1.0, confidence), 3),
            evidence=evidence[:MAX_EVIDENCE] if evidence else None,
            address=self._address[:2000] if self._address else None,
            fetched_at=self.record.fetched_at,
        )

    def put_found(self, field: str, found: Found[Any] | None) -> None:
        """Set a field from a reading."""
        if found is not None:
            self.put(field, found.value, found.rule, found.confidence, found.evidence)

    def issue(self, field: str, wording: str, rule: str, message: str, remedy: str) -> None:
        """Keep what was not understood."""
        self.issues.append(
            Issue(
                field=field,
                wording=wording[:_MAX_WORDING],
                rule=rule,
                where=self._where[:2300],
                message=message[:1000],
                remedy=remedy[:1000],
            )
        )

    def read(
        self,
        field: str,
        name: RecordField,
        reader: Callable[[Prose], list[Found[T]]],
        *,
        own_reader: Callable[[Prose], list[Found[T]]],
        label: str,
        agree: Callable[[Found[T], str, Prose], Found[T]] | None = None,
    ) -> None:
        """Set a field from its own wording, else from the best in title and text; own wording not understood is an
        Issue. ``agree`` puts the reading of own wording together with the text."""
        own = self.words(name)
        if own is not None:
            found = best(own_reader(Prose(own)))
            if found is not None:
                if agree is not None:
                    found = agree(found, own, self.page)
                self.put(field, found.value, found.rule, max(found.confidence, 0.9), found.evidence)
                return
            self.not_understood(field, name, own, label)
        self.put_found(field, best(self.scopes.weigh(reader(self.page)), LEAST_CONFIDENCE))

    def not_understood(self, field: str, name: str, wording: str, label: str) -> None:
        """The Issue for wording that stands under its own name and means nothing to us."""
        self.issue(
            field,
            wording,
            f"{field}.not_understood",
            f"{label}: Die Angabe „{wording[:200]}“ wurde nicht verstanden.",
            f"Angabe von Hand eintragen oder unter lookups.{name} der Quelle übersetzen.",
        )

    def finish(self) -> OfferFields:
        """The fields as a model."""
        return OfferFields(**self.fields)
