"""Offers in a database, published the way a harvest publishes them."""

from datetime import datetime
from typing import Any

from schemas.db import Database
from schemas.harvest import HarvestRun, RunStatus, Source
from schemas.offer import AgeRange, Price
from schemas.organisation import Provider
from schemas.store.harvest import Reading, fingerprint, save_readings
from schemas.store.offers import published_offers
from schemas.store.runs import finish_run, save_source, start_run
from schemas.vocabulary import Area, Mode, PriceModel, Topic
from tests.factories import make_normalised, make_place, make_record, make_source

WOOD: dict[str, Any] = {
    "title": "Mit der Försterin durch den Winterwald",
    "summary": "Spuren lesen, Tiere belauschen.",
    "description": "Wir suchen Spuren und hören, wer im Winter wach ist.",
    "provider": Provider(name="Forstamt Beispielwald"),
    "url": "https://wald.example/kita",
    "ages": AgeRange(min_months=36, max_months=83),
    "price": Price(model=PriceModel.FREE, amount_eur=0),
    "place": make_place(name="Forsthaus", street="Waldweg 2", lat=54.07, lon=13.42),
    "modes": (Mode.OUTDOOR,),
    "areas": (Area.NATURE_SUSTAINABILITY,),
    "topics": (Topic.FOREST,),
}
"""An offer that differs from ``make_fields`` in everything that could make them one."""


def publish_offers(
    database: Database, now: datetime, *fields: dict[str, Any], source: Source | None = None
) -> list[str]:
    """Harvest one offer per entry of ``fields`` (changes to ``make_fields``); gives the ids of all published ones."""
    source = source or make_source()
    with database.begin() as session:
        save_source(session, source, origin="file", now=now)
        run = start_run(session, source.name, now)
        readings = []
        for number, changes in enumerate(fields):
            record = make_record(f"offer-{number}", source=source.name, title=changes.get("title", "Dinosaurier"))
            understood = make_normalised(f"offer-{number}", source=source.name, **changes)
            readings.append(Reading(record, fingerprint(record), understood, "test"))
        save_readings(session, source, run, readings=readings, seen=(), absent=(), withdrawn=(), now=now)
        finish_run(
            session,
            HarvestRun(id=run, source=source.name, started_at=now, finished_at=now, status=RunStatus.COMPLETE),
        )
    with database.read() as session:
        return sorted(offer.id for offer in published_offers(session))
