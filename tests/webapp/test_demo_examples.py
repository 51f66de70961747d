"""The example Region, Kitas and Sources are valid, marked, located, and near the day on which the demo runs."""

from datetime import date, datetime, timedelta

import pytest

from schemas.geography import kreis_name
from schemas.kita import Kita
from schemas.organisation import Precision
from schemas.vocabulary import Area
from webapp.demo.examples import example_kitas, example_region, example_sources
from webapp.demo.providers.server import start

TODAY = date(2026, 11, 23)


@pytest.fixture
def kitas(frozen_now: datetime) -> tuple[Kita, ...]:
    return example_kitas(frozen_now)


def test_the_example_region_has_a_real_key_and_says_that_it_is_invented() -> None:
    region = example_region()

    assert (region.key, region.land, region.example) == ("13075", "MV", True)
    assert kreis_name(region.key) in region.name
    assert region.imprint is not None
    assert "Beispieldaten" in region.imprint
    assert all(each.mail.endswith(".example") for each in region.coordinators)


def test_every_kita_is_marked_as_an_example_and_lies_in_the_region(kitas: tuple[Kita, ...]) -> None:
    assert len(kitas) >= 12
    assert len({kita.id for kita in kitas}) == len(kitas)
    for kita in kitas:
        assert kita.example
        assert "(Beispiel" in kita.name
        assert kita.place.kreis == example_region().key, kita.name
        assert kita.place.precision is Precision.POSTCODE
        assert all(each.address.endswith(".example") for each in kita.recipients)


def test_the_kitas_differ_in_groups_means_needs_and_wishes(kitas: tuple[Kita, ...]) -> None:
    assert {area for kita in kitas for area in kita.areas_wanted} == set(Area)
    assert len({kita.travel for kita in kitas}) == 5
    assert len({kita.place.postcode for kita in kitas}) >= 11
    assert {kita.accepts_mobile for kita in kitas} == {True, False, None}
    ages = [(group.min_months, group.max_months) for kita in kitas for group in kita.groups]
    assert any(high <= 36 for _, high in ages)
    assert any(low >= 72 for low, _ in ages)


def test_only_listed_recipients_are_confirmed(kitas: tuple[Kita, ...], frozen_now: datetime) -> None:
    recipients = {each.address: each.confirmed_at for kita in kitas for each in kita.recipients}

    assert recipients["leitung@kita-uhlennest.example"] == frozen_now
    assert recipients["vertretung@kita-uhlennest.example"] is None
    assert recipients["leitung@kita-am-deich.example"] is None


def test_closing_days_lie_ahead_whenever_the_demo_runs(frozen_now: datetime) -> None:
    for days in (0, 30, 45, 200, 365):
        now = frozen_now + timedelta(days=days)
        spans = [span for kita in example_kitas(now) for span in kita.closed]
        assert spans
        assert all(span.start <= span.end >= now.date() for span in spans)
        assert any(span.start <= date(now.year, 12, 28) <= span.end for span in spans)


def test_the_sources_lead_to_the_running_sites() -> None:
    with start(TODAY) as providers:
        sources = example_sources(providers)
        listings = {site.listing_url for site in providers.sites.values()}

    assert {source.access.start[0] for source in sources} == listings
    assert all(source.example and source.name.startswith("mv_beispiel_") for source in sources)
