"""Made-up Records and readings for benchmarks: as many as wanted, all different, the same in every run."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from schemas.harvest import Access, AccessKind, Normalised, Record, Source
from schemas.offer import (
    AgeRange,
    GroupSize,
    Occurrence,
    OfferFields,
    Price,
    Provenance,
    Schedule,
    SourceKey,
    SourceOffer,
    Suitability,
)
from schemas.organisation import Booking, Contact, Place, Precision, Provider
from schemas.vocabulary import (
    Area,
    Audience,
    BookingWay,
    Kind,
    Mode,
    PriceModel,
    ScheduleKind,
    Topic,
    Verdict,
    Weekday,
)

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
"""The moment of every run."""
TODAY = date(2026, 11, 23)
SOURCE = Source(
    name="bench_source",
    provider="Beispielhaus",
    region="13075",
    trust="publish",
    access=Access(kind=AccessKind.JSON, start=("https://bench.example/offers.json",)),
    example=True,
)
"""The source all of them come from."""

_WHAT = ("Führung", "Werkstatt", "Vorlesestunde", "Waldvormittag", "Puppentheater", "Mitmachkonzert", "Feuerwehrbesuch")
_ABOUT = ("Dinosaurier", "Bienen", "Wasser", "Märchen", "Trommeln", "Farben", "Pilze", "Sterne", "Brot", "Igel", "Wind")
_PLACES = ("Greifswald", "Wolgast", "Anklam", "Pasewalk", "Ueckermünde", "Zinnowitz", "Demmin", "Torgelow")
_TEXT = """gemeinsam entdecken wir mit den Kindern was im Verborgenen lebt und wächst danach wird gebastelt gesungen und
erzählt bitte wetterfeste Kleidung mitbringen eine Anmeldung ist erforderlich die Gruppe wird am Eingang abgeholt
Frühstück kann im Garten gegessen werden das Programm ist für Kinder ab vier Jahren gemacht und dauert eine Stunde"""
_WORDS = _TEXT.split()


def record(number: int) -> Record:
    """What the source says about offer ``number``."""
    fields = reading(number).fields
    return Record(
        origin=_key(number),
        format="json_api",
        title=fields.title,
        text=fields.description or "",
        url=fields.url,
        words={
            "ages": f"ab {3 + number % 4} Jahren",
            "price": f"{1 + number % 9},50 € pro Kind",
            "duration": "60 Minuten",
            "group_size": f"bis {10 + number % 15} Kinder",
            "place": f"Beispielweg {number % 90 + 1}, 17489 {_PLACES[number % len(_PLACES)]}",
        },
        address="https://bench.example/offers.json",
        fetched_at=NOW,
    )


def normalised(number: int) -> Normalised:
    """Offer ``number``, understood."""
    return Normalised(offer=reading(number))


def reading(number: int) -> SourceOffer:
    """Offer ``number`` as a source offer with provenance on eight fields."""
    words = [_WORDS[(number * 7 + n * 3) % len(_WORDS)] for n in range(60)]
    youngest = 36 + 12 * (number % 4)
    fields = OfferFields(
        kind=Kind.VISIT if number % 3 else Kind.MOBILE_VISIT,
        title=f"{_WHAT[number % len(_WHAT)]}: {_ABOUT[number % len(_ABOUT)]} ({number})",
        summary=" ".join(words[:12]),
        description=" ".join(words),
        provider=Provider(name=f"Beispielhaus {number % 500}", url=f"https://haus{number % 500}.example"),
        url=f"https://bench.example/offers/{number}",
        booking=Booking(ways=(BookingWay.PHONE,), contact=Contact(name="Kasse", phone="03834 1234"), lead_days=14),
        audience=(Audience.KITA,),
        kita_suitability=Suitability(verdict=Verdict.YES, probability=0.95, reasons=("nennt Kita-Gruppen",)),
        ages=None if number % 10 == 0 else AgeRange(min_months=youngest, max_months=youngest + 47),
        group_size=GroupSize(children_max=10 + number % 15),
        duration_minutes=60,
        price=Price(model=PriceModel.PER_CHILD, amount_eur=1.5 + number % 9),
        modes=(Mode.AT_PROVIDER,) if number % 3 else (Mode.IN_KITA,),
        place=Place(
            street=f"Beispielweg {number % 90 + 1}",
            postcode="17489",
            locality=_PLACES[number % len(_PLACES)],
            kreis="13075",
            lat=53.4 + (number * 37 % 10_000) / 9_000,
            lon=12.6 + (number * 61 % 10_000) / 6_000,
            precision=Precision.ADDRESS,
        ),
        schedule=_schedule(number),
        areas=(tuple(Area)[number % len(Area)],),
        topics=(tuple(Topic)[number % len(Topic)],),
    )
    return SourceOffer(
        origin=_key(number),
        fields=fields,
        provenance={
            name: Provenance(
                source=SOURCE.name,
                rule=f"{name}.words",
                confidence=0.9,
                evidence="ab vier Jahren, 60 Minuten",
                address=fields.url,
                fetched_at=NOW,
            )
            for name in ("ages", "group_size", "duration_minutes", "price", "modes", "place", "schedule", "areas")
        },
        fetched_at=NOW,
    )


def records(count: int) -> Iterator[Record]:
    """The first ``count`` Records."""
    return (record(number) for number in range(count))


def _key(number: int) -> SourceKey:
    return SourceKey(source=SOURCE.name, key=f"https://bench.example/offers/{number}")


def _schedule(number: int) -> Schedule:
    if number % 4:
        return Schedule(kind=ScheduleKind.ON_REQUEST, weekdays=(tuple(Weekday)[number % 5],))
    days = (TODAY + timedelta(days=7 + number % 200 + 7 * week) for week in range(3))
    return Schedule(kind=ScheduleKind.DATED, occurrences=tuple(Occurrence(day=day) for day in days))
