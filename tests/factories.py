"""Ready-made values for tests: every part plausible, every part replaceable by keyword. No random, no clock."""

from datetime import UTC, date, datetime, time
from typing import Any

from schemas.harvest import Access, AccessKind, Normalised, RawOccurrence, Record, Source
from schemas.kita import Feedback, Group, Kita, Recipient
from schemas.offer import (
    AgeRange,
    GroupSize,
    Occurrence,
    Offer,
    OfferFields,
    Price,
    Provenance,
    Rights,
    Schedule,
    SourceKey,
    SourceOffer,
    Suitability,
)
from schemas.organisation import Booking, Contact, Place, Precision, Provider
from schemas.vocabulary import (
    Answered,
    Area,
    Audience,
    BookingWay,
    Kind,
    Mode,
    PriceModel,
    RightsKind,
    ScheduleKind,
    Status,
    Topic,
    Verdict,
    Weekday,
)

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
"""The moment of most tests: a Monday, 8 o'clock in Berlin."""
TODAY = date(2026, 11, 23)

OPEN = Rights(kind=RightsKind.OPEN, licence="http://dcat-ap.de/def/licenses/cc-by/4.0", attribution="Beispielmuseum")
"""Rights of a source whose texts may be shown."""


def make_place(**changes: Any) -> Place:
    """A museum in Greifswald."""
    return Place.model_validate(
        {
            "name": "Beispielmuseum",
            "street": "Hauptstraße 1",
            "postcode": "17489",
            "locality": "Greifswald",
            "ags": "13075039",
            "kreis": "13075",
            "lat": 54.0924,
            "lon": 13.3787,
            "precision": Precision.POSTCODE,
        }
        | changes
    )


def make_fields(**changes: Any) -> OfferFields:
    """A guided tour for children from 4 to 6, bookable on Tuesdays and Thursdays."""
    return OfferFields.model_validate(
        {
            "kind": Kind.VISIT,
            "title": "Dinosaurier entdecken",
            "summary": "Eine Führung zu den Knochen der Urzeit.",
            "description": "Wir graben gemeinsam nach Knochen und gießen einen Ammoniten.",
            "provider": Provider(name="Beispielmuseum", url="https://museum.example"),
            "url": "https://museum.example/kita/dinos",
            "booking": Booking(
                ways=(BookingWay.PHONE, BookingWay.MAIL),
                contact=Contact(name="Museumskasse", phone="03834 12345", mail="fuehrungen@museum.example"),
                lead_days=14,
            ),
            "audience": (Audience.KITA,),
            "kita_suitability": Suitability(verdict=Verdict.YES, probability=0.97, reasons=("nennt Kita-Gruppen",)),
            "ages": AgeRange(min_months=48, max_months=83),
            "group_size": GroupSize(children_min=8, children_max=20, adults=2),
            "duration_minutes": 60,
            "price": Price(model=PriceModel.PER_CHILD, amount_eur=2.5, adults_free=True),
            "modes": (Mode.AT_PROVIDER,),
            "place": make_place(),
            "schedule": Schedule(kind=ScheduleKind.ON_REQUEST, weekdays=(Weekday.TU, Weekday.TH)),
            "areas": (Area.STEM, Area.WORLD_REGION_SOCIETY),
            "topics": (Topic.MUSEUM,),
            "languages": ("de",),
        }
        | changes
    )


def make_dated_schedule(*days: date, start: time | None = time(10), end: time | None = time(11)) -> Schedule:
    """A schedule with one instance on each of ``days``."""
    return Schedule(
        kind=ScheduleKind.DATED, occurrences=tuple(Occurrence(day=day, start=start, end=end) for day in sorted(days))
    )


def make_key(key: str = "dinos", *, source: str = "mv_beispielmuseum", part: int = 0) -> SourceKey:
    """An identity at a source."""
    return SourceKey(source=source, key=key, part=part)


def make_provenance(field: str, *, source: str = "mv_beispielmuseum", **changes: Any) -> Provenance:
    """Where ``field`` was read."""
    return Provenance.model_validate(
        {
            "source": source,
            "rule": f"{field}.example",
            "confidence": 0.9,
            "evidence": f"Wortlaut zu {field}",
            "address": "https://museum.example/kita/dinos",
            "fetched_at": NOW,
        }
        | changes
    )


def make_source_offer(
    key: str = "dinos",
    *,
    source: str = "mv_beispielmuseum",
    part: int = 0,
    rights: Rights | None = None,
    **fields: Any,
) -> SourceOffer:
    """What a source says, understood; ``fields`` go to ``make_fields``."""
    content = make_fields(**fields)
    return SourceOffer(
        origin=make_key(key, source=source, part=part),
        fields=content,
        provenance={name: make_provenance(name, source=source) for name in ("ages", "price")},
        rights=rights or Rights(),
        fetched_at=NOW,
    )


def make_offer(**changes: Any) -> Offer:
    """A published offer; keywords are fields of ``Offer``."""
    content = {name: getattr(make_fields(), name) for name in OfferFields.model_fields}
    return Offer.model_validate(
        content
        | {
            "id": "oaaaaaaaaaaaaaaa",
            "version": 1,
            "region": "13075",
            "sources": (make_key(),),
            "status": Status.PUBLISHED,
            "status_reason": "trusted",
            "provenance": {name: make_provenance(name) for name in ("ages", "price")},
            "first_seen": NOW,
            "last_seen": NOW,
        }
        | changes
    )


def make_source(name: str = "mv_beispielmuseum", **changes: Any) -> Source:
    """A trusted source of web pages; its rights are the default, ``facts_only``."""
    return Source.model_validate(
        {
            "name": name,
            "title": "Beispielmuseum",
            "provider": "Beispielmuseum",
            "region": "13075",
            "homepage": "https://museum.example",
            "trust": "publish",
            "access": Access(kind=AccessKind.HTML, start=("https://museum.example/kita",), follow="main a"),
            "example": True,
        }
        | changes
    )


def make_record(key: str = "dinos", *, source: str = "mv_beispielmuseum", part: int = 0, **changes: Any) -> Record:
    """What a source said about one offer."""
    return Record.model_validate(
        {
            "origin": make_key(key, source=source, part=part),
            "format": "html_selectors",
            "title": "Dinosaurier entdecken",
            "text": "Wir graben gemeinsam nach Knochen.\nFür Kinder von 4 bis 6 Jahren.",
            "url": f"https://museum.example/kita/{key}",
            "words": {"price": "2,50 € pro Kind", "ages": "4 bis 6 Jahre"},
            "address": f"https://museum.example/kita/{key}",
            "fetched_at": NOW,
        }
        | changes
    )


def make_raw_occurrence(start: str = "2026-12-01T10:00", **changes: Any) -> RawOccurrence:
    """One dated instance as a source says it."""
    return RawOccurrence.model_validate({"start": start} | changes)


def make_normalised(key: str = "dinos", *, source: str = "mv_beispielmuseum", **fields: Any) -> Normalised:
    """One Record, understood without an Issue."""
    return Normalised(offer=make_source_offer(key, source=source, **fields))


def make_group(name: str = "Wolkengruppe", **changes: Any) -> Group:
    """Eighteen children from 3 to 6."""
    return Group.model_validate(
        {"name": name, "min_months": 36, "max_months": 83, "children": 18, "adults": 2, "walking_range_m": 1_500}
        | changes
    )


def make_kita(kita_id: str = "kita_wolke", **changes: Any) -> Kita:
    """A Kita in Greifswald with one group."""
    return Kita.model_validate(
        {
            "id": kita_id,
            "name": "Kita Wolkenschiff",
            "region": "13075",
            "place": make_place(name="Kita Wolkenschiff", street="Lange Straße 5"),
            "groups": (make_group(),),
            "max_distance_km": 20.0,
            "max_cost_per_child_eur": 5.0,
            "areas_wanted": (Area.STEM,),
            "accepts_mobile": True,
            "example": True,
        }
        | changes
    )


def make_recipient(address: str = "leitung@kita.example", **changes: Any) -> Recipient:
    """A confirmed recipient."""
    return Recipient.model_validate({"address": address, "confirmed_at": NOW, "consent_text": "2026-11"} | changes)


def make_feedback(offer: str = "oaaaaaaaaaaaaaaa", answer: Answered = Answered.INTERESTED, **changes: Any) -> Feedback:
    """One answer of a Kita."""
    return Feedback.model_validate({"kita": "kita_wolke", "offer": offer, "answer": answer, "at": NOW} | changes)
