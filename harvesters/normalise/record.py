"""From a Record to a SourceOffer: every field with the words, the rule and the confidence it was read with."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from harvesters.normalise.ages import AGES_IN_WORDS, read_ages
from harvesters.normalise.audience import read_audience
from harvesters.normalise.durations import read_duration
from harvesters.normalise.evidence import Found
from harvesters.normalise.facts import read_booking, read_codes, read_rest
from harvesters.normalise.group_sizes import read_group_size
from harvesters.normalise.occurrences import read_occurrences
from harvesters.normalise.own_words import agreed_price, codes, own_ages, own_duration, own_group_size, own_price
from harvesters.normalise.prices import read_price
from harvesters.normalise.reading import OWN_NAME, Reading
from harvesters.normalise.scopes import Scopes
from harvesters.normalise.second_opinion import settle
from harvesters.normalise.text import Prose, clean_line
from harvesters.normalise.text_model import text_model
from harvesters.normalise.typed import read_typed
from harvesters.normalise.whereabouts import read_when, read_where
from schemas.entry import FORMAT as TYPED_BY_PROVIDER
from schemas.harvest import Normalised, Record, RecordField, Source, words_of
from schemas.offer import MAX_SUMMARY, AgeRange, Occurrence, Rights, SourceKey, SourceOffer, Suitability
from schemas.organisation import Provider
from schemas.vocabulary import Audience, Verdict

VERSION: Final = "8"
"""Bumped whenever a rule changes, so that stored Records are read again."""
MEANINGS: Final[Mapping[str, str]] = {
    "ages": "3 bis 6 Jahre",
    "areas": "Natur, Umwelt, Nachhaltigkeit",
    "dates": "dienstags 9 bis 11 Uhr",
    "duration": "90 Minuten",
    "group_size": "höchstens 15 Kinder",
    "languages": "Deutsch, Polnisch",
    "lead_time": "zwei Wochen vorher",
    "modes": "in der Kita",
    "price": "2,50 € pro Kind",
    "start_date": "24.12.2026",
    "topics": "Musik",
}
"""Examples of wording that is understood, by the Record fields whose wording the desk is asked about."""
_SAYS_FOR_WHOM: Final[tuple[tuple[RecordField, str], ...]] = (
    ("audience", "Zielgruppe"),
    ("ages", "Alter"),
    ("group_size", "Gruppengröße"),
    ("price", "Preis"),
    ("dates", "Termine"),
    ("category", "Kategorie"),
)
"""What stands under its own name is read like a line of the text where it tells for whom an offer is."""


def is_understood(field: str, wording: str, *, today: date) -> bool:
    """Whether ``wording`` means something to us where a source says it under the name of a Record field.

    >>> [is_understood("price", wording, today=date(2026, 11, 23)) for wording in ("2 Euro", "fast nix")]
    [True, False]
    """
    origin = SourceKey(source="desk", key=field)
    record = Record.model_validate({"origin": origin, "format": "words", "title": "", "words": {field: wording}})
    return all(words_of(issue) is None for issue in normalise(record, None, today=today).issues)


def normalise(record: Record, source: Source | None, *, today: date) -> Normalised:
    """Understand one Record as of ``today`` (the local day on which it was seen: it settles years that are not
    written).

    Never raises for what a source wrote: what is not understood is an Issue, what is not said stays empty. Of a typed
    entry nothing but what was typed is taken (``read_typed``).
    """
    if record.format == TYPED_BY_PROVIDER:
        return read_typed(record, source, today=today)
    reading = Reading(record, source, today)
    _identity(reading)
    dates = read_occurrences(reading)
    _audience(reading, dates)
    reading.read("ages", "ages", _ages_of(reading), own_reader=own_ages, label="Alter")
    reading.read("price", "price", read_price, own_reader=own_price, label="Preis", agree=agreed_price)
    reading.read("duration_minutes", "duration", read_duration, own_reader=own_duration, label="Dauer")
    reading.read("group_size", "group_size", read_group_size, own_reader=own_group_size, label="Gruppengröße")
    read_where(reading)
    read_when(reading, dates)
    read_codes(reading)
    read_booking(reading)
    read_rest(reading)
    return Normalised(
        offer=SourceOffer(
            origin=record.origin,
            fields=reading.finish(),
            provenance=reading.provenance,
            rights=source.rights if source else Rights(),
            fetched_at=record.fetched_at,
        ),
        issues=tuple(reading.issues),
    )


def _ages_of(reading: Reading) -> Callable[[Prose], list[Found[AgeRange]]]:
    """The reader of ages; on pages for adults words like "Krippe" name a place of work, not an age."""
    audience = reading.fields.get("audience", ())
    if audience[:1] not in ((Audience.STAFF,), (Audience.ADULT,)):
        return read_ages
    return lambda page: [found for found in read_ages(page) if found.rule not in AGES_IN_WORDS]


def _identity(reading: Reading) -> None:
    record = reading.record
    title = reading.title
    if not title:
        reading.issue(
            "title",
            record.title or record.origin.key,
            "title.missing",
            "Das Angebot hat keinen Titel.",
            "Selektor für den Titel prüfen.",
        )
        title = clean_line(reading.description, 80) or clean_line(record.origin.key, 80)
    reading.put("title", title, "title.as_written", OWN_NAME, title)
    summary = reading.words("subtitle")
    if summary:
        line = clean_line(summary, MAX_SUMMARY)
        reading.put("summary", line, "summary.as_written", OWN_NAME, line)
    if reading.description:
        reading.put("description", reading.description, "description.as_written", OWN_NAME)
    name = reading.words("provider") or (reading.source.provider if reading.source else None)
    if name:
        url = reading.words("provider_url")
        line = clean_line(name, 200)
        provider = Provider(name=line, url=url if _is_link(url) else None)
        reading.put("provider", provider, "provider.as_written", OWN_NAME, line)
    url = record.url or reading.words("url")
    if _is_link(url):
        reading.put("url", url, "url.as_written", OWN_NAME)


def _is_link(url: str | None) -> bool:
    return url is not None and url.startswith(("http://", "https://")) and len(url) <= 2000


def _audience(reading: Reading, dates: tuple[Occurrence, ...]) -> None:
    place = " ".join(filter(None, (reading.words("place"), reading.words("place_name"), reading.words("modes"))))
    own = reading.words("audience")
    given, _ = codes(own, Audience) if own else ([], [])
    said = [
        f"{label}: {words}"
        for name, label in _SAYS_FOR_WHOM
        if (words := reading.words(name)) and not (name == "audience" and given)
    ]
    page = Prose("\n\n".join((reading.page.text, *said))) if said else reading.page
    rules = read_audience(page, title_end=reading.title_end, place=place, dates=dates)
    judgement = rules if given else settle(rules, page, text_model())
    main, verdict = judgement.main, judgement.suitability
    if given:
        main = given[0]
        yes = Audience.KITA in given
        verdict = Suitability(
            verdict=Verdict.YES if yes else Verdict.NO,
            probability=0.95 if yes else 0.05,
            reasons=(f"Die Quelle nennt als Zielgruppe: {', '.join(code.label for code in given)}",),
        )
        reading.put("audience", tuple(given), "audience.own", OWN_NAME, own)
    elif judgement.audience:
        surest = judgement.audience[0]
        values = tuple(found.value for found in judgement.audience)
        reading.put("audience", values, surest.rule, surest.confidence, surest.evidence)
    reading.scopes = Scopes(reading.page, Audience.KITA if verdict.verdict is Verdict.YES else main)
    evidence = judgement.audience[0].evidence if judgement.audience else own
    confidence = max(verdict.probability, 1 - verdict.probability)
    rule = "suitability.points" if judgement is rules else "suitability.text_model"
    reading.put("kita_suitability", verdict, rule, confidence, evidence)
