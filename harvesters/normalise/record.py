"""From a Record to a SourceOffer: every field with the words, the rule and the confidence it was read with."""

from datetime import date
from typing import Final

from harvesters.normalise.ages import read_ages
from harvesters.normalise.audience import read_audience
from harvesters.normalise.evidence import best
from harvesters.normalise.prices import read_price
from harvesters.normalise.reading import OWN_NAME, Reading
from harvesters.normalise.scopes import Scopes
from harvesters.normalise.text import Prose, clean_line
from schemas.harvest import Normalised, Record, Source
from schemas.offer import MAX_SUMMARY, Rights, SourceOffer
from schemas.organisation import Provider

VERSION: Final = "1"
"""Bumped whenever a rule changes, so that stored Records are read again."""


def normalise(record: Record, source: Source | None, *, today: date) -> Normalised:
    """Understand one Record as of ``today`` (the local day on which it was seen: it settles years that are not written).

    Never raises for what a source wrote: what is not understood is an Issue, what is not said stays empty.
    """
    reading = Reading(record, source, today)
    _identity(reading)
    _audience(reading)
    reading.read("ages", "ages", read_ages, label="Alter")
    reading.read("price", "price", read_price, label="Preis")
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
        title = clean_line(reading.description, 80) or record.origin.key[:80]
    reading.put("title", title, "title.as_written", OWN_NAME, title)
    summary = reading.words("subtitle")
    if summary:
        reading.put(
            "summary", clean_line(summary, MAX_SUMMARY), "summary.as_written", OWN_NAME, clean_line(summary, 400)
        )
    if reading.description:
        reading.put("description", reading.description, "description.as_written", OWN_NAME)
    name = reading.words("provider") or (reading.source.provider if reading.source else None)
    if name:
        url = reading.words("provider_url")
        reading.put(
            "provider",
            Provider(name=clean_line(name, 200), url=url if _is_link(url) else None),
            "provider.as_written",
            OWN_NAME,
            clean_line(name, 400),
        )
    url = record.url or reading.words("url")
    if _is_link(url):
        reading.put("url", url, "url.as_written", OWN_NAME)


def _is_link(url: str | None) -> bool:
    return url is not None and url.startswith(("http://", "https://")) and len(url) <= 2000


def _audience(reading: Reading) -> None:
    place = " ".join(filter(None, (reading.words("place"), reading.words("place_name"))))
    judgement = read_audience(reading.page, title_end=reading.title_end, place=place)
    reading.scopes = Scopes(reading.page, judgement.main)
    surest = best(judgement.audience)
    if surest:
        evidence = " … ".join(dict.fromkeys(found.evidence for found in judgement.audience))
        reading.put(
            "audience",
            tuple(found.value for found in judgement.audience),
            surest.rule,
            surest.confidence,
            evidence if len(judgement.audience) == 1 else surest.evidence,
        )
    verdict = judgement.suitability
    reading.put(
        "kita_suitability",
        verdict,
        "suitability.points",
        max(verdict.probability, 1 - verdict.probability),
        surest.evidence if surest else None,
    )


__all__ = ["VERSION", "Prose", "normalise"]
