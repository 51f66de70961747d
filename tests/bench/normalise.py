"""``kitalotse bench normalise``: Records understood per second and core, out of varied German texts.

``rate`` is ``normalise`` alone, by processor time, after a first pass over the texts (patterns and the tables of places
are loaded, words of the texts are known); ``cold`` is that first pass. The baseline is what every reader of text needs
before it understands anything: clean the words and part them into clauses.
"""

from typing import Any, Final

from harvesters.normalise.record import normalise
from harvesters.normalise.text import Prose, clean
from schemas.harvest import Record
from schemas.offer import SourceKey
from tests.bench.corpus import NOW, SOURCE, TODAY
from tests.bench.measure import PeakMemory, Stopwatch, machine

_TITLES: Final = (
    "Führung für Kita-Gruppen: {what}",
    "{what} – Werkstatt für Vorschulkinder",
    "Vorlesestunde: {what}",
    "Wir kommen zu Ihnen: {what} im Koffer",
    "Waldvormittag „{what}“",
    "{what}: Mitmachkonzert für die Kleinsten",
    "Familiensonntag rund um {what}",
    "Projekttag {what} (Klasse 1–4)",
)
_WHATS: Final = (
    "Bernstein", "Bienen", "Wasser", "Märchen", "Trommeln", "Farben", "Pilze", "Sterne", "Brot", "Igel", "Wind",
    "Steine", "Ritter", "Zähne", "Müll", "Feuer und Rauch", "Schafe", "Papier", "Schiffe", "Schatten",
)  # fmt: skip
_OPENINGS: Final = (
    "Was kriecht, summt und wächst hier? Mit Becherlupe und Kescher gehen die Kinder auf die Suche nach {what}.",
    "In unserer Werkstatt dürfen alle selbst anfassen: {what} zum Riechen, Hören und Ausprobieren.",
    "Ein Rundgang durch das Haus, bei dem Kinder {what} entdecken, Geschichten hören und am Ende etwas gestalten.",
    "Mit Liedern, Reimen und einem kleinen Puppenspiel erzählen wir von {what}.",
    "Unsere Umweltpädagogin bringt alles mit, was man zu {what} wissen und ausprobieren kann.",
)
_AGES: Final = (
    "Geeignet für Kinder ab 4 Jahren.",
    "Für 3- bis 6-Jährige.",
    "Vorschulkinder, höchstens 12 je Gruppe.",
    "Alter: 5–7 Jahre, für Krippenkinder leider nicht geeignet.",
    "Für Grundschulklassen (1. bis 4. Klasse), Kitas fragen bitte an.",
)
_PRICES: Final = (
    "Kosten: 3,50 € pro Kind, Begleitpersonen frei.",
    "45 Euro pro Gruppe zzgl. 1 € Material je Kind.",
    "Die Teilnahme ist kostenlos, über eine Spende freuen wir uns.",
    "Eintritt 6 €, ermäßigt 4 €, Kindergartengruppen zahlen 2 € je Kind.",
    "",
)
_WHENS: Final = (
    "Termine nach Vereinbarung, Dienstag bis Freitag zwischen 9 und 12 Uhr.",
    "Jeden 2. Mittwoch im Monat um 9:30 Uhr, nicht in den Ferien.",
    "Donnerstags 10–11 Uhr, April bis Oktober, außer an Feiertagen.",
    "Am 14. Januar, 11.02. und 3. März 2027, jeweils 9.30 Uhr und 10.45 Uhr.",
    "Dauer ca. 90 Minuten; der nächste Termin am Samstag, 12.12.2026, 15 Uhr ist ausgebucht.",
)
_PRACTICAL: Final = (
    "Bitte mindestens zwei Wochen vorher anmelden: Telefon 03834 123456 oder kita@haus.example. Wetterfeste Kleidung!",
    "Das Haus ist barrierefrei, ein Wickelraum ist vorhanden, Kinderwagen bleiben im Foyer. Treffpunkt: Kasse.",
    "Wir kommen in Ihre Einrichtung im Umkreis von 30 km um Anklam und brauchen nur einen Raum mit Steckdose.",
    "Gruppengröße: 8 bis 15 Kinder, je sechs Kinder eine Begleitperson. Anfahrt mit Buslinie 3, Haltestelle Markt.",
    "Anmeldung bei Frau Beispiel, Tel. 0151 23456789. Frühstück kann im Garten gegessen werden.",
)
_PLACES: Final = ("Beispielweg 4, 17489 Greifswald", "Museum am Markt, Wolgast", "in Ihrer Kita", "17389 Anklam", "")


def text_record(number: int) -> Record:
    """Record ``number``: a title, a text of several sentences, and at times a place under its own name."""
    what = _WHATS[number % len(_WHATS)]
    parts = (_OPENINGS, _AGES, _PRICES, _WHENS, _PRACTICAL, _OPENINGS, _PRACTICAL)
    steps = (1, 2, 3, 5, 7, 11, 13)
    chosen = [part[(number // step + n) % len(part)] for n, (part, step) in enumerate(zip(parts, steps, strict=True))]
    place = _PLACES[number // 3 % len(_PLACES)]
    return Record(
        origin=SourceKey(source=SOURCE.name, key=f"text-{number}"),
        format="html",
        title=_TITLES[number // 2 % len(_TITLES)].format(what=what),
        text="\n".join(chosen).format(what=what) + f"\nStand: Heft {number}.",
        words={"place": place} if place else {},
        address="https://bench.example/texte",
        fetched_at=NOW,
    )


def run(*, offers: int = 2_000, kitas: int = 0) -> dict[str, Any]:
    """Measure with ``offers`` texts; ``kitas`` has no part in it."""
    records = [text_record(number) for number in range(offers)]
    with PeakMemory() as peak:
        cold, warm = _read(records), _read(records)
        plain = _clauses(records)
    return {
        "bench": "normalise",
        "sizes": {"offers": offers, "characters": sum(len(one.title) + len(one.text) for one in records) // offers},
        "seconds": round(warm.processor, 3),
        "rate": round(offers / warm.processor),
        "how": "one process, seconds of processor time",
        "cold": {"seconds": round(cold.processor, 3), "rate": round(offers / cold.processor)},
        "peak_rss_mb": round(peak.mb, 1),
        "machine": machine(),
        "baseline": {
            "name": "clean the words and part them into clauses; understands nothing",
            "seconds": round(plain.processor, 3),
            "rate": round(offers / plain.processor),
        },
    }


def _read(records: list[Record]) -> Stopwatch:
    with Stopwatch() as watch:
        for record in records:
            normalise(record, SOURCE, today=TODAY)
    return watch


def _clauses(records: list[Record]) -> Stopwatch:
    with Stopwatch() as watch:
        for record in records:
            assert Prose(clean(f"{record.title}\n{record.text}")).clauses
    return watch
