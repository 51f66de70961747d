"""The form: what is typed is understood exactly, what is wrong is said beside its field, and nothing is lost."""

from datetime import date, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from schemas.entry import Entry, Terms
from schemas.offer import AgeRange, GroupSize, Occurrence, Price, Schedule, TimeWindow
from schemas.vocabulary import LANGUAGES, Access, Answer, Kind, Mode, PriceModel, ScheduleKind, Weekday
from tests.harvesters.test_formats_form import entries
from tests.webapp.site import HOSTILE
from tests.webapp.typed import FOREST, FORM
from webapp.pages.entry_form import EntryForm
from webapp.pages.entry_labels import DATE_ROWS, LABELS
from webapp.pages.entry_shown import empty_form, form_of


def filled(base: dict[str, Any] | None = None, **changes: Any) -> EntryForm:
    values = (base or FOREST) | changes
    pairs = [(name, one) for name, value in values.items() for one in (value if isinstance(value, list) else [value])]
    return EntryForm(MultiDict(pairs), region="13075")


def read(**changes: Any) -> Entry:
    form = filled(**changes)
    entry = form.read()
    assert entry is not None, form.errors
    return entry


def errors(**changes: Any) -> dict[str, str]:
    form = filled(**changes)
    assert form.read() is None
    return {name: str(words) for name, words in form.errors.items()}


def test_a_whole_form_is_understood_exactly():
    form = filled(FORM)

    entry = form.read()

    assert form.errors == {}
    assert entry == Entry(
        person=True,
        name="Erna Schmidtke",
        title="Töpfern mit Ton",
        text="Wir formen Ton. Bitte Schürzen mitbringen.",
        kind=Kind.MOBILE_VISIT,
        ages=AgeRange(min_months=36, max_months=83),
        group_size=GroupSize(children_max=12),
        duration_minutes=60,
        price=Price(model=PriceModel.FREE, amount_eur=0),
        modes=(Mode.IN_KITA,),
        locality="Greifswald",
        radius_km=20,
        around="17489",
        schedule=Schedule(
            kind=ScheduleKind.ON_REQUEST,
            weekdays=(Weekday.MO, Weekday.TU),
            hours=(TimeWindow(start=time(9), end=time(11, 30)),),
        ),
        phone="0171 2345678",
        mail="erna.schmidtke@gmx.example",
        consent=True,
        areas=("music_art_theatre",),
        terms=Terms.PERMISSION,
    )


def test_the_least_that_is_needed_leaves_everything_else_unknown():
    entry = filled({"who": "organisation", "name": "Waldschule", "title": "Waldtag", "audience": "kita"}).read()

    assert entry == Entry(name="Waldschule", title="Waldtag")


@settings(max_examples=80, deadline=None)
@given(entries)
def test_a_form_shows_an_entry_as_it_was_typed(entry):
    def in_order(codes: Any) -> tuple[Any, ...]:
        order = list(type(codes[0])) if codes else []
        return tuple(sorted(codes, key=order.index))

    sets = {name: in_order(getattr(entry, name)) for name in ("audience", "areas", "modes")}
    languages = tuple(code for code in LANGUAGES if code in entry.languages)
    apart = {"schedule": None, "price": None}  # shown by the test below
    said = {"languages": languages, "group_size": entry.group_size if entry.group_size != GroupSize() else None}
    comparable = entry.model_copy(update=apart | said | sets)

    assert EntryForm(form_of(comparable).data, region="13075").read() == comparable


SAYS_WHEN_AND_WHAT: list[dict[str, Any]] = [
    {"schedule_kind": "on_request", "weekdays": ["MO"], "hour_from": "9:00", "months": ["5"], "until": "2027-06-30"},
    {"schedule_kind": "recurring", "weekdays": ["TU", "TH"], "no_holidays": "1"},
    {
        "schedule_kind": "dated",
        "date_1": "2026-12-24",
        "date_1_from": "9:30",
        "date_1_to": "10:30",
        "date_2": "2027-01-05",
    },
    {"schedule_kind": "dated", "more_dates": "\n".join(f"{day}.1.2027 9:30–11:00" for day in range(10, 22))},
    {"price_model": "per_group", "price_amount": "45,5", "price_extra": "2", "price_extra_per": "group"},
    {"price_model": "per_child", "price_amount": "3", "price_adults_free": "1", "price_conditions": "Material extra"},
    {"price_model": "free"},
    {"modes": ["in_kita"], "towns": "Anklam, Wolgast"},
    {"contact_personal": "1", "consent": "1", "booked_until": "2026-12-31"},
]


@pytest.mark.parametrize("changes", SAYS_WHEN_AND_WHAT)
def test_what_was_read_is_shown_and_read_again_as_the_same(changes):
    entry = read(**changes)

    assert EntryForm(form_of(entry).data, region="13075").read() == entry


@pytest.mark.parametrize(
    ("changes", "ages"),
    [
        ({"age_from": "3"}, AgeRange(min_months=36)),
        ({"age_to": "6"}, AgeRange(max_months=83)),
        (
            {"age_from": "2", "age_from_months": "6", "age_to": "6", "age_to_months": "3"},
            AgeRange(min_months=30, max_months=75),
        ),
        ({"age_from_months": "18"}, AgeRange(min_months=18)),
        ({"age_from": "0", "age_to": "2"}, AgeRange(min_months=0, max_months=35)),
    ],
)
def test_ages_in_years_and_months(changes, ages):
    assert read(**changes).ages == ages


@pytest.mark.parametrize(
    ("changes", "price"),
    [
        ({"price_model": "per_child", "price_amount": "2,50"}, Price(model="per_child", amount_eur=2.5)),
        (
            {"price_model": "per_group", "price_amount": "45 €", "price_extra": "10", "price_extra_per": "group"},
            Price(model="per_group", amount_eur=45, extra_eur=10, extra_per_child=False),
        ),
        ({"price_model": "donation"}, Price(model="donation")),
        ({"price_model": "unknown"}, Price(model="unknown")),
        ({"price_model": ""}, None),
        (
            {"price_model": "per_child", "price_amount": "3", "price_adults_free": "1"},
            Price(model="per_child", amount_eur=3, adults_free=True),
        ),
    ],
)
def test_prices(changes, price):
    assert read(**changes).price == price


def test_dates_a_week_and_a_season():
    dated = read(schedule_kind="dated", date_1="24.12.2026", date_1_from="9:30", date_2="2026-12-10")
    weekly = read(schedule_kind="recurring", weekdays=["TU", "TH"], no_holidays="1", hour_from="9", months=["5", "6"])

    assert dated.schedule is not None
    assert weekly.schedule is not None
    assert weekly.schedule.recurrence is not None
    assert dated.schedule.occurrences == (
        Occurrence(day=date(2026, 12, 10)),
        Occurrence(day=date(2026, 12, 24), start=time(9, 30)),
    )
    assert weekly.schedule.recurrence.rule == "FREQ=WEEKLY;BYDAY=TU,TH"
    assert weekly.schedule.recurrence.not_in_school_holidays
    assert weekly.schedule.months == (5, 6)


def test_more_dates_than_there_are_rows_stand_one_on_each_line():
    lines = "10.12.2026 9:30–11:00\r\n\r\n 11. 12. 2026, 9 bis 11 Uhr\n2026-12-12 14.15\n13.12.2026"

    entry = read(schedule_kind="dated", date_1="24.12.2026", more_dates=lines)

    assert entry.schedule is not None
    assert entry.schedule.occurrences == (
        Occurrence(day=date(2026, 12, 10), start=time(9, 30), end=time(11)),
        Occurrence(day=date(2026, 12, 11), start=time(9), end=time(11)),
        Occurrence(day=date(2026, 12, 12), start=time(14, 15)),
        Occurrence(day=date(2026, 12, 13)),
        Occurrence(day=date(2026, 12, 24)),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"contact_name": "Museumskasse"},
        {"contact_name": "Team Waldschule"},
        {"mail": "waldschule@gmx.de"},
        {"contact_name": "Erna Schmidtke", "mail": "erna.schmidtke@gmx.de", "contact_personal": "1"},
    ],
)
def test_a_place_to_ask_is_no_person_and_a_person_may_be_one_if_it_is_said(changes):
    contact = read(**changes).contact

    assert contact is not None
    assert contact.personal is ("contact_personal" in changes)


def test_towns_access_and_a_bare_web_address():
    entry = read(
        modes=["in_kita"], towns="Anklam\nWolgast", access_wheelchair="limited", homepage="www.waldschule.example"
    )

    assert entry.towns == ("Anklam", "Wolgast")
    assert entry.accessibility == {Access.WHEELCHAIR: Answer.LIMITED}
    assert entry.homepage == "https://www.waldschule.example"


WRONG = {
    "nothing at all": ({"who": "", "name": "", "title": "", "audience": []}, {"who", "name", "title", "audience"}),
    "a title of one letter": ({"title": "x"}, {"title"}),
    "words for a number": ({"duration": "lange"}, {"duration"}),
    "ages that end before they start": ({"age_from": "6", "age_to": "3"}, {"age_to"}),
    "months that are no number": ({"age_from_months": "viele"}, {"age_from"}),
    "fewer children than needed": ({"children_min": "10", "children_max": "5"}, {"children_max"}),
    "an amount without a model": ({"price_amount": "5"}, {"price_model"}),
    "a model without an amount": ({"price_model": "per_child"}, {"price_amount"}),
    "free, but five Euro": ({"price_model": "free", "price_amount": "5"}, {"price_amount"}),
    "a postcode of four digits": ({"postcode": "1748"}, {"postcode"}),
    "a postcode that does not exist": ({"postcode": "00001"}, {"postcode"}),
    "a radius around nothing": ({"modes": ["in_kita"], "radius_km": "5", "postcode": ""}, {"around"}),
    "a radius and towns": ({"modes": ["in_kita"], "radius_km": "5", "towns": "Anklam"}, {"towns"}),
    "an unknown town": ({"modes": ["in_kita"], "towns": "Nirgendwo"}, {"towns"}),
    "an area without coming": ({"radius_km": "5"}, {"modes"}),
    "weekdays without a kind": ({"weekdays": ["MO"]}, {"schedule_kind"}),
    "dated without a date": ({"schedule_kind": "dated"}, {"dates"}),
    "weekly without a weekday": ({"schedule_kind": "recurring"}, {"weekdays"}),
    "dates for something weekly": (
        {"schedule_kind": "recurring", "weekdays": ["MO"], "date_1": "24.12.2026"},
        {"schedule_kind"},
    ),
    "a day that does not exist": ({"schedule_kind": "dated", "date_1": "31.2.2027"}, {"dates"}),
    "an hour without a day": ({"schedule_kind": "dated", "date_2_from": "9:00", "date_1": "24.12.2026"}, {"dates"}),
    "an hour that does not exist": ({"schedule_kind": "on_request", "hour_from": "25:00"}, {"hour_from"}),
    "an end before the beginning": ({"schedule_kind": "on_request", "hour_from": "11", "hour_to": "9"}, {"hour_to"}),
    "a phone number in words": ({"phone": "bitte klingeln"}, {"phone"}),
    "a broken mail address": ({"mail": "post@"}, {"mail"}),
    "a script for a link": ({"link": "javascript:alert(1)"}, {"link"}),
    "a page without a host": ({"homepage": "https://"}, {"homepage"}),
    "four areas": ({"areas": ["language", "stem", "media", "social_values"]}, {"areas"}),
    "a person's street": ({"who": "person"}, {"street"}),
    "a person's name in the title": (
        {"who": "person", "street": "", "name": "Erna Schmidtke", "title": "Töpfern mit Erna Schmidtke"},
        {"title"},
    ),
    "a person's name as initial": (
        {"who": "person", "street": "", "name": "Erna Schmidtke", "text": "Bei E. Schmidtke im Garten"},
        {"text"},
    ),
    "a person's number in a place's name": (
        {"who": "person", "street": "", "venue": "Scheune, Tel. 0171 2345678"},
        {"venue"},
    ),
    "a person's name and number beside a price": (
        {
            "who": "person",
            "street": "",
            "name": "Erna Schmidtke",
            "price_model": "free",
            "price_conditions": "bitte bei Erna Schmidtke fragen",
        },
        {"price_conditions"},
    ),
    "a person's mail address beside a price": (
        {"who": "person", "street": "", "price_model": "free", "price_conditions": "frag erna@post.example"},
        {"price_conditions"},
    ),
    "a town that is none": ({"who": "person", "street": "", "locality": "bei Erna Schmidtke"}, {"locality"}),
    "a town with a number": ({"who": "person", "street": "", "locality": "Anklam, 0171 2345678"}, {"locality"}),
    "a person as contact of an organisation": ({"contact_name": "Erna Schmidtke"}, {"contact_name"}),
    "a person's address as that of an organisation": ({"mail": "erna.schmidtke@gmx.de"}, {"mail"}),
    "an hour with a time zone": (
        {"schedule_kind": "on_request", "hour_from": "09:00+01", "hour_to": "11"},
        {"hour_from"},
    ),
    "a further date that is none": (
        {"schedule_kind": "dated", "date_1": "24.12.2026", "more_dates": "25.12.2026\nam Nikolaus"},
        {"dates"},
    ),
    "a further date that ends before it begins": (
        {"schedule_kind": "dated", "more_dates": "25.12.2026 11-9 Uhr"},
        {"dates"},
    ),
    "more dates than anybody has": (
        {"schedule_kind": "dated", "more_dates": "25.12.2026\n" * 101},
        {"dates"},
    ),
    "a person under CC BY without a name": ({"who": "person", "street": "", "terms": "open"}, {"credit"}),
}


@pytest.mark.parametrize(("changes", "names"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_beside_its_field(changes, names):
    found = errors(**changes)

    assert found.keys() == names
    assert all(words.endswith((".", "“")) for words in found.values())


def test_the_summary_follows_the_order_of_the_page():
    form = filled(name="", title="", duration="lange", link="x")
    form.read()

    assert [name for name, _label, _words in form.summary()] == ["name", "title", "duration", "link"]


@pytest.mark.parametrize("text", ["Wir gehen in den Wald.", "Erna, die Ente, und der Wald", ""])
def test_a_surname_that_is_also_a_word_may_be_said(text):
    assert read(who="person", street="", name="Erna Wald", title="Waldtag im Wald", text=text).text == text


@pytest.mark.parametrize("text", ["mit Erna Wald", "Wald, Erna", "bei Frau Wald", "ERNA   WALD kommt"])
def test_a_full_name_is_refused_where_feeds_would_carry_it(text):
    assert errors(who="person", street="", name="Erna Wald", text=text).keys() == {"text"}


def test_an_organisation_is_credited_by_its_name():
    assert read(terms="open").credit == "Waldschule Peenetal"


@pytest.mark.parametrize("name", [*LABELS, "date_1", "date_1_from", "more_dates", "age_from_months", "price_extra_per"])
@pytest.mark.parametrize("value", [HOSTILE, "9" * 400, "-1", "1e9", "\ud800", "\x00", "ﬁ²½", "a\x00b@post.example"])
def test_hostile_input_in_any_field_is_refused_or_harmless(name, value):
    form = filled(**{name: value})

    entry = form.read()

    assert entry is not None or form.errors
    if entry is not None:
        assert "\x00" not in entry.model_dump_json()


NUMBERS = (
    *("age_from", "age_from_months", "age_to", "age_to_months", "children_min", "children_max", "adults"),
    *("duration", "price_amount", "price_extra", "radius_km", "lead_days", "groups_per_month"),
)


@pytest.mark.parametrize("number", ["0", "36", "2026", "17489", "999999", "0,01", "999999,99"])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_fits_another_field_is_said_beside_its_own(name, number):
    form = filled(FORM, **{name: number, "price_model": "donation"})

    entry = form.read()

    assert (entry is None) is bool(form.errors)
    assert form.errors.keys() <= {name, name.removesuffix("_months"), "age_to", "children_max"}


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from([*LABELS, "date_1", "date_2_to", "more_dates"]), st.text(max_size=60), max_size=12)
)
def test_no_input_whatever_breaks_the_form(values):
    form = EntryForm(MultiDict(values))

    assert (form.read() is None) is bool(form.errors)
    assert form.errors.keys() <= LABELS.keys()


@pytest.mark.parametrize(
    "address", ["", "kein", "a@b@c.de", "erna@example.org\nBcc: x@y.de", "x" * 300 + "@post.example"]
)
def test_an_address_that_gets_no_mail_is_refused(address):
    form = filled(address=address)

    form.read_address(required=True)

    assert "address" in form.errors


def test_the_empty_form_asks_for_kita_groups():
    form = empty_form()

    assert form.has("audience", "kita")
    assert form.value(f"date_{DATE_ROWS}") == ""
