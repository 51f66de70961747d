"""A typed entry comes out of the normaliser as it was typed: no value less, no value more, whatever the text says."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harvesters.formats.form import record_of
from harvesters.normalise.record import normalise
from schemas.entry import CC_BY, FOR_WHOM, Entry, Terms
from schemas.harvest import Normalised
from schemas.offer import (
    AgeRange,
    Capacity,
    GroupSize,
    Occurrence,
    OfferFields,
    Price,
    Recurrence,
    Schedule,
    TimeWindow,
)
from schemas.vocabulary import (
    LANGUAGES,
    Access,
    Answer,
    Area,
    Kind,
    Mode,
    PriceModel,
    RightsKind,
    ScheduleKind,
    Verdict,
    Weekday,
)

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SAYS_MUCH = (
    "Für Kinder ab 4 Jahren, 5 € pro Kind, 45 Minuten, höchstens 12 Kinder, jeden Dienstag um 10 Uhr in 17489 "
    "Greifswald, wir kommen auch in die Kita (bis 30 km). Rollstuhlgerecht, auf Polnisch. Buchung 14 Tage vorher. "
    "Höchstens 3 Gruppen im Monat. Abgesagt! Ausgebucht! Mit dem Bildungspaket."
)


def make_entry(**changes: Any) -> Entry:
    """What the forest school typed: the least that the form asks for."""
    return Entry.model_validate({"name": "Waldschule Peenetal", "title": "Waldtag", "text": "Wir gehen."} | changes)


def record_at(entry: Entry) -> Normalised:
    return normalise(record_of(entry, source="eintraege_13075", key="k", at=AT), None, today=AT.date())


times = st.times().map(lambda value: value.replace(microsecond=0))
amounts = st.none() | st.integers(0, 100_000).map(lambda cents: cents / 100)
windows = st.builds(TimeWindow, start=st.none() | times, end=st.none() | times)
weekdays = st.lists(st.sampled_from(Weekday), unique=True).map(tuple)
ages = st.builds(AgeRange, min_months=st.integers(0, 60), max_months=st.none() | st.integers(60, 120))
sizes = st.builds(
    GroupSize, children_min=st.none() | st.integers(1, 9), children_max=st.none() | st.integers(9, 40), adults=st.none()
)
prices = st.builds(Price, model=st.sampled_from(PriceModel), amount_eur=amounts, extra_eur=amounts)
schedules = st.builds(
    Schedule,
    kind=st.sampled_from(ScheduleKind),
    weekdays=weekdays,
    hours=st.lists(windows, max_size=2).map(tuple),
    months=st.lists(st.integers(1, 12), unique=True).map(tuple),
    occurrences=st.lists(st.builds(Occurrence, day=st.dates(date(2026, 1, 1), date(2028, 1, 1))), max_size=3).map(
        tuple
    ),
    recurrence=st.none() | st.just(Recurrence(rule="FREQ=WEEKLY;BYDAY=TU")),
)
titles = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=3, max_size=60).filter(
    lambda text: len(" ".join(text.split())) >= 3
)
entries = st.builds(
    make_entry,
    text=st.just(SAYS_MUCH) | st.text(max_size=200),
    kind=st.sampled_from(Kind),
    audience=st.lists(st.sampled_from(FOR_WHOM), min_size=1, unique=True).map(tuple),
    areas=st.lists(st.sampled_from(Area), max_size=3, unique=True).map(tuple),
    languages=st.lists(st.sampled_from(sorted(LANGUAGES)), max_size=3, unique=True).map(tuple),
    accessibility=st.dictionaries(st.sampled_from(Access), st.sampled_from(Answer)),
    ages=st.none() | ages,
    group_size=st.none() | sizes,
    duration_minutes=st.none() | st.integers(5, 600),
    price=st.none() | prices,
    modes=st.lists(st.sampled_from(Mode), unique=True).map(tuple),
    schedule=st.none() | schedules,
    lead_days=st.none() | st.integers(0, 90),
    groups_per_month=st.none() | st.integers(1, 20),
    booked_until=st.none() | st.dates(date(2026, 1, 1), date(2028, 1, 1)),
    phone=st.none() | st.just("03834 12345"),
    link=st.none() | st.just("https://waldschule.example/buchen"),
)
SAME_NAME = (
    "kind", "audience", "areas", "languages", "accessibility", "ages", "group_size", "duration_minutes", "price",
    "modes", "schedule", "capacity",
)  # fmt: skip
NEVER_TYPED = ("topics", "funding", "practicalities", "weather", "summary", "image", "url", "cancelled", "sold_out")
EMPTY = OfferFields(title="x")


@settings(max_examples=150, deadline=None)
@given(entries)
def test_what_was_typed_comes_out_exactly_and_nothing_besides(entry):
    fields = record_at(entry).offer.fields

    assert {name: getattr(fields, name) for name in SAME_NAME} == {name: getattr(entry, name) for name in SAME_NAME}
    assert (fields.booking.ways, fields.booking.url) == (entry.ways, entry.link)
    assert (fields.booking.contact, fields.booking.lead_days) == (entry.contact, entry.lead_days)
    assert fields.provider is not None
    assert fields.provider.name == "Waldschule Peenetal"
    assert (fields.place, fields.service_area) == (None, None)
    assert {name: getattr(fields, name) for name in NEVER_TYPED} == {name: getattr(EMPTY, name) for name in NEVER_TYPED}


@settings(max_examples=150, deadline=None)
@given(titles)
@example("0\u00c2\u00a1 wie falsch kodiert")
def test_a_title_stays_as_it_was_typed(title):
    entry = make_entry(title=title)

    assert record_at(entry).offer.fields.title == entry.title


@settings(max_examples=100, deadline=None)
@given(entries)
def test_an_entry_survives_its_record(entry):
    record = record_of(entry, source="eintraege_13075", key="k", at=AT)

    assert Entry.model_validate_json(record.words["entry"]) == entry


def test_empty_fields_stay_unknown_whatever_the_text_says():
    fields = record_at(make_entry(text=SAYS_MUCH)).offer.fields

    assert (fields.ages, fields.price, fields.schedule, fields.place, fields.modes) == (None, None, None, None, ())
    assert (fields.capacity, fields.cancelled, fields.booking.lead_days) == (None, False, None)


def test_the_place_is_found_and_a_radius_counts_from_it():
    entry = make_entry(
        modes=("at_provider", "in_kita"), street="Hauptstraße 1", postcode="17489", locality="Greifswald", radius_km=15
    )

    fields = record_at(entry).offer.fields

    assert fields.place is not None
    assert fields.service_area is not None
    assert (fields.place.street, fields.place.postcode, fields.place.kreis) == ("Hauptstraße 1", "17489", "13075")
    assert (fields.service_area.lat, fields.service_area.sure) == (fields.place.lat, True)
    assert fields.service_area.words == "15 km um 17489"


@pytest.mark.parametrize(("towns", "keys", "sure"), [(("Anklam",), 1, True), (("Anklam", "Nirgendwo"), 1, False)])
def test_towns_become_their_keys_and_are_sure_only_where_all_are_known(towns, keys, sure):
    area = record_at(make_entry(modes=("in_kita",), towns=towns)).offer.fields.service_area

    assert area is not None
    assert (len(area.municipalities), area.sure) == (keys, sure)


def test_a_private_persons_name_and_number_are_personal():
    entry = make_entry(person=True, name="Erna Schmidt", phone="0171 2345678", locality="Anklam", text="Mit Ton.")

    fields = record_at(entry).offer.fields

    assert fields.provider is not None
    assert fields.booking.contact is not None
    assert fields.provider.name == "Privatperson (Anklam)"
    assert (fields.booking.contact.personal, fields.booking.contact.consented) == (True, False)
    assert fields.booking.contact.name == "Erna Schmidt"


def test_numbers_in_the_text_are_taken_out():
    fields = record_at(make_entry(text="Bitte 0171 2345678 anrufen.")).offer.fields

    assert fields.description is not None
    assert "0171" not in fields.description


@pytest.mark.parametrize(
    ("terms", "kind"),
    [(Terms.FACTS_ONLY, "facts_only"), (Terms.PERMISSION, "permission"), (Terms.OPEN, "open")],
)
def test_each_entry_has_the_rights_that_its_provider_chose(terms, kind):
    rights = record_at(make_entry(terms=terms, credit="Waldschule Peenetal")).offer.rights

    assert rights.kind == kind
    if terms is Terms.OPEN:
        assert (rights.licence, rights.attribution) == (CC_BY, "Waldschule Peenetal")
    if terms is Terms.PERMISSION:
        assert (rights.kind, rights.granted_on) == (RightsKind.PERMISSION, AT.date())


def test_a_text_that_contradicts_the_tick_is_unsure_and_never_a_silent_no():
    entry = make_entry(title="Weinabend für Erwachsene", text="Nur für Erwachsene, ab 18 Jahren. Für Senioren.")

    suitability = record_at(entry).offer.fields.kita_suitability

    assert suitability is not None
    assert suitability.verdict is Verdict.UNSURE
    assert "spricht dagegen" in suitability.reasons[0]


def test_an_entry_of_another_version_of_the_form_is_an_issue():
    record = record_of(make_entry(), source="eintraege_13075", key="k", at=AT)
    old = record.model_copy(update={"words": record.words | {"entry": '{"name": "Waldschule", "moon": 1}'}})

    read = normalise(old, None, today=AT.date())

    assert read.offer.fields.title == "Waldtag"
    assert [issue.rule for issue in read.issues] == ["form.not_readable"]
    assert read.offer.fields.kita_suitability is not None
    assert read.offer.fields.kita_suitability.verdict is Verdict.UNSURE


def test_capacity_and_hours_are_said_in_german_for_the_desk():
    schedule = Schedule(
        kind=ScheduleKind.ON_REQUEST, weekdays=(Weekday.TU,), hours=(TimeWindow(start=time(9), end=time(11)),)
    )
    entry = make_entry(schedule=schedule, groups_per_month=4, booked_until=date(2027, 1, 31))

    words = record_of(entry, source="eintraege_13075", key="k", at=AT).words

    assert words["capacity"] == "höchstens 4 Gruppen im Monat, belegt bis So., 31. Januar 2027"
    assert "9" in words["dates"]
    assert record_at(entry).offer.fields.capacity == Capacity(groups_per_month=4, booked_until=date(2027, 1, 31))


@pytest.mark.parametrize(
    "wrong",
    [
        {"homepage": "javascript:alert(1)"},
        {"link": "https://a b"},
        {"phone": "ruf mich an"},
        {"mail": "ich@@example"},
        {"postcode": "1748"},
        {"title": "x"},
        {"audience": ("school",)},
        {"languages": ("xx",)},
        {"person": True, "street": "Hauptstraße 1"},
        {"radius_km": 5, "towns": ("Anklam",)},
        {"terms": "open"},
    ],
)
def test_what_does_not_fit_is_refused(wrong):
    with pytest.raises(ValueError, match="validation error"):
        make_entry(**wrong)


def test_invisible_characters_are_left_out():
    entry = make_entry(title="Wald\u202etag\x00", text="Zeile\r\nzwei\x07")

    assert (entry.title, entry.text) == ("Waldtag", "Zeile\nzwei")
