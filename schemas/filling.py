"""Which fields of an offer say something: of offers as objects, and of those that are stored as JSON. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from schemas.harvest import FillRates
from schemas.offer import OfferFields
from schemas.organisation import Booking

FIELD_WORDS: Final[Mapping[str, str]] = {
    "summary": "Kurztext",
    "description": "Beschreibung",
    "provider": "Anbieter",
    "url": "Seite des Anbieters",
    "booking": "Anmeldung",
    "audience": "Zielgruppe",
    "ages": "Alter",
    "group_size": "Gruppengröße",
    "duration_minutes": "Dauer",
    "price": "Kosten",
    "funding": "Förderung",
    "modes": "Wo es stattfinden kann",
    "place": "Ort",
    "service_area": "Einsatzgebiet",
    "schedule": "Wann",
    "areas": "Bildungsbereiche",
    "topics": "Themen",
    "languages": "Sprachen",
    "accessibility": "Barrierefreiheit",
    "practicalities": "Praktisches",
    "weather": "Wetter",
    "capacity": "Kapazität",
    "image": "Bild",
}
"""Fields that an offer may leave open, by their German names; whom it suits is judged always, and counted apart."""
_EMPTY: Final[tuple[Any, ...]] = (None, "", (), {}, Booking())
_EMPTY_JSON: Final[tuple[Any, ...]] = (None, "", [], {}, Booking().model_dump(mode="json", exclude_none=True))


def is_filled(offer: OfferFields, name: str) -> bool:
    """Whether a field says something: neither absent nor empty.

    Raises ``AttributeError`` for a name that offers do not have; ``harvesters.source`` refuses such descriptions.

    >>> is_filled(OfferFields(title="Waldtag"), "title"), is_filled(OfferFields(title="Waldtag"), "booking")
    (True, False)
    """
    return getattr(offer, name) not in _EMPTY


@dataclass(slots=True)
class Tally:
    """Counts what offers state, one after the other."""

    offers: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)

    def add(self, offer: OfferFields) -> None:
        """Count an offer."""
        suitable = offer.kita_suitability
        self._add(
            (name for name in OfferFields.model_fields if is_filled(offer, name)),
            suitable.verdict.value if suitable else None,
        )

    def add_json(self, fields: Mapping[str, Any]) -> None:
        """Count an offer as it is stored (``SourceOffer.fields`` without what is ``None``)."""
        suitable = fields.get("kita_suitability")
        names = (name for name, value in fields.items() if value not in _EMPTY_JSON)
        self._add(names, suitable["verdict"] if suitable else None)

    def rates(self, reader: str) -> FillRates:
        """What was counted."""
        return FillRates(reader=reader, offers=self.offers, filled=dict(self.fields), suitable=dict(self.verdicts))

    def _add(self, names: Iterable[str], verdict: str | None) -> None:
        self.offers += 1
        self.fields.update(names)
        if verdict is not None:
            self.verdicts[verdict] += 1
