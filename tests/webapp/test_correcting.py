"""Correcting by plain forms: what a form shows is what it reads back; every field that people correct has words."""

import ast
import inspect
from datetime import date
from typing import get_args

import pytest
from werkzeug.datastructures import MultiDict

from schemas import publish
from schemas.harvest import RecordField, RunStatus
from schemas.offer import AgeRange, GroupSize, OfferFields, Price, Schedule, TimeWindow
from schemas.organisation import Booking, Contact
from schemas.review import CORRECTABLE, DecisionKind, ReviewKind
from schemas.store.held import LEAVE_EMPTY
from schemas.store.queue import DEFAULTS
from schemas.vocabulary import Answer, Practicality, PriceModel, ScheduleKind, Weekday
from tests.factories import make_dated_schedule, make_fields, make_place
from tests.webapp.site import Site
from webapp.pages.correcting import FORMS, FieldForm
from webapp.pages.desk_words import DECISION, DEFAULT_ACTION, OTHER_FIELDS, REVIEW_KIND, RUN_STATUS, STATUS_REASON
from webapp.pages.value_words import value_words
from webapp.template_filters import input_words

SAMPLES = {
    "full": make_fields(
        schedule=Schedule(
            kind=ScheduleKind.ON_REQUEST,
            weekdays=(Weekday.TU,),
            hours=(TimeWindow(), TimeWindow()),
            words="dienstags",
        ),
        price=Price(model=PriceModel.PER_GROUP, amount_eur=45.5, extra_eur=2, extra_per_child=False, adults_free=True),
    ),
    "bare": OfferFields(title="x"),
    "dated": make_fields(schedule=make_dated_schedule(date(2026, 12, 1))),
}


def submitted(form: FieldForm, value: object) -> MultiDict[str, str]:
    """What a browser sends when nobody touches the form."""
    sent: MultiDict[str, str] = MultiDict()
    for field in form.filled(value):
        if field.options:
            for code in field.value or ():
                sent.add(field.name, str(getattr(code, "value", code)))
        elif field.type == "flag":
            if field.value:
                sent.add(field.name, "1")
        else:
            sent.add(field.name, "" if field.value is None else str(input_words(field.value)))
    return sent


@pytest.fixture(autouse=True)
def _app(site: Site):
    with site.app.test_request_context("/desk/"):
        yield


@pytest.mark.parametrize("fields", SAMPLES.values(), ids=SAMPLES)
@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_nobody_touches_keeps_the_value(fields, name):
    value = fields.model_dump(mode="json")[name]
    form = FORMS[name]

    read = form.read(submitted(form, value), value)

    kept = OfferFields.model_validate(fields.model_dump(mode="json") | {name: read})
    if name == "kita_suitability" and value:
        assert kept.kita_suitability is not None
        assert kept.kita_suitability.verdict == value["verdict"]
    elif name == "schedule" and value:
        assert kept.schedule == fields.schedule.model_copy(
            update={"words": None, "hours": kept.schedule.hours if kept.schedule else ()}
        )
    else:
        assert getattr(kept, name) == getattr(fields, name)


def test_every_form_is_of_a_field_that_can_be_corrected():
    assert set(FORMS) <= CORRECTABLE


def test_numbers_are_read_as_german_writes_them():
    read = FORMS["price"].read(MultiDict({"model": "per_child", "amount_eur": "2,50"}), None)

    assert read["amount_eur"] == 2.5


def test_a_place_that_moves_is_located_anew_and_one_that_stays_keeps_its_point():
    old = make_place().model_dump(mode="json")
    same = FORMS["place"].read(MultiDict(old | {"name": "Neuer Name"}), old)
    moved = FORMS["place"].read(MultiDict({"postcode": "17438", "locality": "Wolgast"}), old)

    assert (same["name"], same["lat"], same["ags"]) == ("Neuer Name", 54.0924, "13075039")
    assert moved["kreis"] == "13075"
    assert abs(moved["lat"] - 54.05) < 0.1


def test_a_place_that_nobody_knows_has_no_point():
    read = FORMS["place"].read(MultiDict({"locality": "Atlantis"}), make_place().model_dump(mode="json"))

    assert read == {"name": None, "street": None, "postcode": None, "locality": "Atlantis"}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("ages", AgeRange(min_months=36), "ab 3 Jahren"),
        ("ages", None, "nicht angegeben"),
        ("price", Price(model=PriceModel.FREE, conditions="für Kitas der Stadt"), "kostenfrei; für Kitas der Stadt"),
        ("group_size", GroupSize(children_max=15, adults=2), "höchstens 15 Kinder, mindestens 2 Begleitpersonen"),
        ("duration_minutes", 90, "90 Minuten"),
        ("areas", ("stem", "media"), "Mathematik, Naturwissenschaft, Technik, Medien"),
        ("areas", (), "nicht angegeben"),
        ("languages", ("de", "uk"), "Deutsch, Ukrainisch"),
        ("cancelled", True, "ja"),
        ("practicalities", {Practicality.TOILET: Answer.YES}, "Toilette: ja"),
        (
            "booking",
            Booking(ways=("phone",), contact=Contact(name="Kasse", phone="03834 1"), lead_days=14),
            "Telefon, Kasse, 03834 1, mindestens 14 Tage vorher",
        ),
        (
            "kita_suitability",
            {"verdict": "no", "probability": 0.1, "reasons": ("nur Schulen",)},
            "nein (10 %): nur Schulen",
        ),
        ("place", make_place(), "Beispielmuseum, Hauptstraße 1, 17489 Greifswald"),
        ("schedule", Schedule(kind=ScheduleKind.ON_REQUEST, months=(5, 6)), "nach Vereinbarung; Mai, Juni"),
    ],
)
def test_values_are_said_in_german_never_in_codes(field, value, words):
    stored = OfferFields.model_validate({"title": "x", field: value}).model_dump(mode="json")[field]

    assert value_words(stored, field) == words


@pytest.mark.parametrize("field", sorted(CORRECTABLE))
def test_every_field_of_a_full_offer_has_words(field):
    words = value_words(SAMPLES["full"].model_dump(mode="json")[field], field)

    assert words
    assert "{" not in words
    assert "_" not in words or field == "url"


def test_a_value_that_the_field_can_no_longer_hold_is_shown_as_it_is():
    assert value_words({"years": 4}, "ages") == "years: 4"
    assert len(value_words("x" * 5000, "title")) == 400


def test_every_code_of_the_desk_has_german_words():
    assert set(RUN_STATUS) == set(RunStatus)
    assert set(REVIEW_KIND) == set(ReviewKind)
    assert set(DECISION) == set(DecisionKind)
    assert set(DEFAULT_ACTION) == {*DEFAULTS.values(), LEAVE_EMPTY}
    named = set(FORMS) | set(OTHER_FIELDS)
    assert (set(get_args(RecordField)) | set(CORRECTABLE)) - named == set()


def test_every_reason_that_publishing_gives_has_german_words():
    returns = [node for node in ast.walk(ast.parse(inspect.getsource(publish._status))) if isinstance(node, ast.Return)]
    reasons = {
        constant.value
        for node in returns
        for constant in ast.walk(node)
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
    }

    assert len(returns) == 8
    assert reasons <= set(STATUS_REASON)
    assert set(STATUS_REASON) - reasons == {"excluded", "by_provider", "deleted", "unconfirmed"}, "codes of withdraw()"
