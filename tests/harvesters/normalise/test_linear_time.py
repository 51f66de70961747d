"""No reader's time may grow faster than its text: 200 kB made to hurt, for every reader."""

from collections.abc import Callable
from datetime import date
from time import process_time

import pytest

from harvesters.normalise.accessibility import read_accessibility, read_practicalities
from harvesters.normalise.addresses import masked
from harvesters.normalise.ages import read_ages
from harvesters.normalise.areas import read_areas, read_topics
from harvesters.normalise.audience import read_audience
from harvesters.normalise.booking import read_lead_days, read_required, read_ways
from harvesters.normalise.durations import read_duration
from harvesters.normalise.group_sizes import read_group_size
from harvesters.normalise.languages import read_languages
from harvesters.normalise.modes import read_cancelled, read_funding, read_kind, read_modes, read_sold_out
from harvesters.normalise.persons import without_persons
from harvesters.normalise.prices import read_price
from harvesters.normalise.prose_places import read_address, read_labelled_place
from harvesters.normalise.schedule import read_schedule
from harvesters.normalise.service_areas import read_service_area
from harvesters.normalise.text import Prose, clean

READERS: dict[str, Callable[[str], object]] = {
    "clean": clean,
    "ages": read_ages,
    "price": read_price,
    "duration": read_duration,
    "group_size": read_group_size,
    "schedule": lambda text: read_schedule(text, date(2026, 11, 23)),
    "audience": read_audience,
    "areas": read_areas,
    "topics": read_topics,
    "languages": read_languages,
    "accessibility": read_accessibility,
    "practicalities": read_practicalities,
    "modes": read_modes,
    "kind": read_kind,
    "cancelled": read_cancelled,
    "sold_out": read_sold_out,
    "funding": read_funding,
    "ways": read_ways,
    "lead_days": read_lead_days,
    "required": read_required,
    "service_area": read_service_area,
    "labelled_place": lambda text: read_labelled_place(Prose(text), "13075"),
    "address": lambda text: read_address(Prose(text), "13075"),
    "persons": without_persons,
    "masked": masked,
}
SEEDS = (
    "a",
    " ",
    "\n",
    "-",
    "(",
    "1 ",
    "12.",
    "1.2.2027, ",
    "ab 3 ",
    "1 bis ",
    "9 Uhr und ",
    "9:00 - ",
    "Mo, ",
    "€ 5,-",
    "zwei euro ",
    "kinder ",
    "5 kinder ",
    "gruppen bis ",
    "je 5 kinder ",
    "im umkreis von ",
    "x@",
    "x@a.b ",
    "a.",
    "aa.de/",
    "www.a).",
    "x@a.",
    "0 1",
    "jeden 1. ",
    "am ersten und ",
    "januar bis ",
    "<a ",
    "&amp;",
    "Ã¼",
    "in ihre ",
    "kommt in a ",
    "kann wir a ",
    "findet ",
    "bitte a ",
    "mit ihren ",
    "2 wochen ",
    "Frau Ohm ",
    "bei Anna ",
    "0431 765432 ",
    "17489 Greifswald, ",
    "Weg 1, 17489 Greifswald\n",
    "Ort: Markt, ",
    "Ansprechpartner: A",
)
MOST_RESULTS = 500
"""No reader returns more, however long the text: later stages may look at each with each."""
BUDGET_S = 12.0
"""Generous, for a busy machine: a quadratic reader needs minutes for the long texts."""


def _read_all(name: str, size: int) -> None:
    for seed in SEEDS:
        text = (seed * (size // len(seed) + 1))[:size]
        started = process_time()
        result = READERS[name](text)
        assert process_time() - started < BUDGET_S, f"{name} is slow on {seed!r}"
        if isinstance(result, list):
            assert len(result) <= MOST_RESULTS, f"{name} finds ever more in {seed!r}"


@pytest.mark.parametrize("name", READERS)
def test_reads_text_made_to_hurt(name: str) -> None:
    _read_all(name, 10_000)


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_reads_200_kilobytes_made_to_hurt(name: str) -> None:
    _read_all(name, 200_000)
