"""What is published = harvested ⊕ corrections ⊕ decisions, and what of it leaves the house."""

import csv
from datetime import date, timedelta
from typing import Any

import orjson
import pytest

from schemas.exceptions import StoreError
from schemas.offer import (
    AgeRange,
    Occurrence,
    Offer,
    OfferFields,
    Price,
    Recurrence,
    Rights,
    Schedule,
    ServiceArea,
    Suitability,
)
from schemas.organisation import Booking, Contact
from schemas.publish import (
    CC_ZERO,
    ChangeKind,
    Member,
    PublicOffer,
    change_kind,
    expires_on,
    harvested_fields,
    public,
    publish,
)
from schemas.review import Correction, Decision, DecisionKind
from schemas.stored import CSV_COLUMNS, csv_header, forms, licensed_csv, numbered, numbered_csv, safe_cell
from schemas.vocabulary import Audience, PriceModel, RightsKind, ScheduleKind, Status, Verdict
from tests.factories import NOW, OPEN, TODAY, make_dated_schedule, make_offer, make_source_offer

UNSURE = Suitability(verdict=Verdict.UNSURE, probability=0.5)
NO = Suitability(verdict=Verdict.NO, probability=0.02)
YESTERDAY = make_dated_schedule(TODAY - timedelta(days=1))


def make_member(trust: str = "publish", withdrawn: str | None = None, present: bool = True, **fields: Any) -> Member:
    return Member(
        source_offer=make_source_offer(**fields),
        trust=trust,  # type: ignore[arg-type]
        present=present,
        first_seen=NOW,
        last_seen=NOW,
        withdrawn=withdrawn,
    )


def make_decision(kind: DecisionKind, **changes: Any) -> Decision:
    return Decision.model_validate({"id": 1, "offer": "o1", "kind": kind, "by": "koordination", "at": NOW} | changes)


def make_correction(field: str, value: Any, **changes: Any) -> Correction:
    parts = {"id": 1, "offer": "o1", "field": field, "value": value, "replaced": None, "by": "koordination", "at": NOW}
    return Correction.model_validate(parts | changes)


def published(*members: Member, corrections: Any = (), decisions: Any = ()) -> Offer:
    return publish("o1", "13075", members, corrections, decisions, today=TODAY)


# -- status -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "decision", "status", "reason"),
    [
        (make_member(), None, Status.PUBLISHED, "trusted"),
        (make_member(trust="hold"), None, Status.HELD, "new_source"),
        (make_member(trust="hold"), DecisionKind.ACCEPT, Status.PUBLISHED, "accepted"),
        (make_member(kita_suitability=UNSURE), None, Status.HELD, "unsure"),
        (make_member(kita_suitability=UNSURE), DecisionKind.ACCEPT, Status.PUBLISHED, "accepted"),
        (make_member(kita_suitability=NO, audience=(Audience.ADULT,)), None, Status.REJECTED, "audience"),
        (make_member(kita_suitability=NO, audience=(Audience.STAFF,)), None, Status.PUBLISHED, "trusted"),
        (make_member(kita_suitability=NO, audience=()), DecisionKind.ACCEPT, Status.PUBLISHED, "accepted"),
        (make_member(), DecisionKind.REJECT, Status.REJECTED, "rejected"),
        (make_member(cancelled=True), None, Status.CANCELLED, "cancelled"),
        (make_member(cancelled=True, trust="hold"), None, Status.HELD, "new_source"),
        (make_member(withdrawn="withdrawn", present=False), None, Status.GONE, "withdrawn"),
        (make_member(withdrawn="withdrawn", present=False), DecisionKind.ACCEPT, Status.GONE, "withdrawn"),
        (make_member(schedule=YESTERDAY), None, Status.EXPIRED, "over"),
        (make_member(schedule=YESTERDAY, cancelled=True), None, Status.EXPIRED, "over"),
        (make_member(present=False), None, Status.PUBLISHED, "trusted"),
    ],
)
def test_status_follows_people_then_facts_then_trust(
    member: Member, decision: DecisionKind | None, status: Status, reason: str
) -> None:
    decisions = [make_decision(decision)] if decision else []

    offer = published(member, decisions=decisions)

    assert (offer.status, offer.status_reason) == (status, reason)


def test_the_latest_standing_decision_counts() -> None:
    accept = make_decision(DecisionKind.ACCEPT)
    reject = make_decision(DecisionKind.REJECT, id=2, at=NOW + timedelta(minutes=1))

    assert published(make_member(), decisions=[accept, reject]).status is Status.REJECTED
    undone = reject.model_copy(update={"undone_at": NOW})
    assert published(make_member(), decisions=[accept, undone]).status is Status.PUBLISHED


# -- content ----------------------------------------------------------------------------------------------------------


def test_a_correction_is_shown_with_the_name_of_whoever_made_it() -> None:
    offer = published(make_member(), corrections=[make_correction("ages", {"min_months": 36, "max_months": 71})])

    assert offer.ages == AgeRange(min_months=36, max_months=71)
    assert (offer.provenance["ages"].rule, offer.provenance["ages"].edited_by) == ("correction", "koordination")
    assert offer.provenance["price"].rule == "price.example"


def test_a_correction_can_say_that_something_is_not_stated() -> None:
    assert published(make_member(), corrections=[make_correction("price", None)]).price is None


def test_a_correction_that_its_field_cannot_hold_is_refused() -> None:
    with pytest.raises(StoreError, match="does not fit the field"):
        published(make_member(), corrections=[make_correction("duration_minutes", "eine Stunde")])


def test_a_second_source_fills_gaps_but_lends_no_prose() -> None:
    first = make_member(key="a", price=None, description=None, rights=OPEN)
    second = make_member(key="b", source="mv_kalender", description="Fremder Text", url="https://kalender.example/7")

    offer = published(first, second)

    assert offer.price == Price(model=PriceModel.PER_CHILD, amount_eur=2.5, adults_free=True)
    assert offer.description is None
    assert offer.rights.kind is RightsKind.FACTS_ONLY
    assert offer.same_as == ("https://kalender.example/7",)
    assert [key.source for key in offer.sources] == ["mv_beispielmuseum", "mv_kalender"]


PERMISSION = Rights(kind=RightsKind.PERMISSION, granted_by="Dr. Erika Mustermann", granted_on=date(2026, 1, 2))
OTHER_CREDIT = OPEN.model_copy(update={"attribution": "Ein anderes Museum"})
FOREIGN = "Fremde Worte"
WORDY: dict[str, Any] = {
    "summary": FOREIGN,
    "description": FOREIGN,
    "price": Price(model=PriceModel.PER_CHILD, amount_eur=3, conditions=FOREIGN),
    "schedule": Schedule(kind=ScheduleKind.ON_REQUEST, months=(5, 6), words=FOREIGN),
}
SILENT: dict[str, Any] = dict.fromkeys((*WORDY, "service_area"))


@pytest.mark.parametrize("area", [ServiceArea(words=FOREIGN), ServiceArea(words=FOREIGN, radius_km=20)])
@pytest.mark.parametrize(
    ("first", "second"),
    [(OPEN, PERMISSION), (OPEN, Rights()), (OPEN, OTHER_CREDIT), (PERMISSION, OPEN), (Rights(), PERMISSION)],
    ids=["open+permission", "open+facts", "open+open of another", "permission+open", "facts+permission"],
)
def test_words_of_a_second_source_are_not_published_under_the_rights_of_the_first(
    first: Rights, second: Rights, area: ServiceArea
) -> None:
    shown = public(
        published(
            make_member(key="a", rights=first, **SILENT),
            make_member(key="b", source="mv_kalender", rights=second, service_area=area, **WORDY),
        )
    )

    assert FOREIGN not in shown.model_dump_json()
    assert shown.price == Price(model=PriceModel.PER_CHILD, amount_eur=3)
    assert shown.schedule == Schedule(kind=ScheduleKind.ON_REQUEST, months=(5, 6))
    assert (shown.service_area.radius_km if shown.service_area else None) == area.radius_km


def test_words_of_a_second_source_are_taken_over_under_the_same_rights() -> None:
    shown = public(published(make_member(key="a", rights=OPEN, **SILENT), make_member(key="b", rights=OPEN, **WORDY)))

    assert shown.price == WORDY["price"]
    assert shown.schedule == WORDY["schedule"]
    assert shown.description is None


def test_a_withdrawn_source_no_longer_speaks() -> None:
    gone = make_member(key="a", title="Alter Titel", withdrawn="withdrawn", present=False)
    here = make_member(key="b", title="Neuer Titel")

    assert harvested_fields([gone, here]).title == "Neuer Titel"
    assert published(gone, here).status is Status.PUBLISHED


def test_publishing_leaves_a_complete_and_valid_offer() -> None:
    offer = published(make_member())

    assert Offer.model_validate_json(offer.model_dump_json()) == offer


# -- the public form --------------------------------------------------------------------------------------------------

SECRET = "Zwiebelfisch"
"""A word that must never leave the house; it stands wherever a source's own words can stand."""


def make_talkative_offer(**changes: Any) -> Offer:
    offer = published(
        make_member(
            summary=SECRET,
            description=SECRET,
            price=Price(model=PriceModel.PER_CHILD, amount_eur=2, conditions=SECRET),
            schedule=Schedule(kind=ScheduleKind.ON_REQUEST, words=SECRET),
            service_area=ServiceArea(words=SECRET, radius_km=20),
            kita_suitability=Suitability(verdict=Verdict.YES, probability=0.9, reasons=(SECRET,)),
            booking=Booking(contact=Contact(name=SECRET, phone="1", personal=True, consented=True), lead_days=3),
        ),
        corrections=[make_correction("weather", "indoor", by=SECRET)],
    )
    evidence = {name: p.model_copy(update={"evidence": SECRET}) for name, p in offer.provenance.items()}
    return offer.model_copy(update={"provenance": evidence} | changes)


@pytest.mark.parametrize("status", list(Status))
def test_no_word_of_a_facts_only_source_reaches_anything_public(status: Status) -> None:
    offer = make_talkative_offer(status=status)

    made = forms(offer)

    assert SECRET in made.offer.decode()  # it was there to be leaked
    assert SECRET not in (made.line + made.csv).decode()
    assert SECRET not in public(offer).model_dump_json()


def test_facts_of_a_facts_only_source_are_public() -> None:
    shown = public(make_talkative_offer())

    assert shown.price == Price(model=PriceModel.PER_CHILD, amount_eur=2)
    assert (shown.service_area, shown.booking.lead_days) == (ServiceArea(radius_km=20), 3)
    assert shown.kita_suitability == Suitability(verdict=Verdict.YES, probability=0.9)
    assert "2 € pro Kind" in shown.sentence


@pytest.mark.parametrize(
    "rights", [OPEN, Rights(kind=RightsKind.PERMISSION, granted_by="Dr. Erika Mustermann", granted_on=date(2026, 1, 2))]
)
def test_with_a_licence_or_a_permission_the_texts_are_public(rights: Rights) -> None:
    shown = public(make_offer(rights=rights, price=Price(model=PriceModel.FREE, conditions="im Dezember")))

    assert shown.description == "Wir graben gemeinsam nach Knochen und gießen einen Ammoniten."
    assert shown.price is not None
    assert shown.price.conditions == "im Dezember"
    assert "Mustermann" not in shown.model_dump_json()


def test_public_fields_are_the_ones_we_decided_on() -> None:
    """A new field of the Offer becomes public only by a decision made here (law 8)."""
    own = set(PublicOffer.model_fields) - set(OfferFields.model_fields)

    assert own == {
        "id", "version", "region", "status", "sentence", "sources", "same_as", "replaced_by", "rights", "provenance",
        "data_licence", "first_seen", "last_seen", "last_confirmed",
    }  # fmt: skip
    assert set(OfferFields.model_fields) == {
        "kind", "title", "summary", "description", "provider", "url", "booking", "audience", "kita_suitability", "ages",
        "group_size", "duration_minutes", "price", "funding", "modes", "place", "service_area", "schedule", "areas",
        "topics", "languages", "accessibility", "practicalities", "weather", "capacity", "image", "cancelled",
        "sold_out",
    }  # fmt: skip


def test_an_offer_that_is_not_shown_leaves_only_a_tombstone() -> None:
    made = forms(make_offer(status=Status.GONE, replaced_by="obbbbbbbbbbbbbbb"))

    assert orjson.loads(made.line) == {"id": "oaaaaaaaaaaaaaaa", "status": "gone", "replaced_by": "obbbbbbbbbbbbbbb"}
    assert made.csv == b""


# -- stored forms -----------------------------------------------------------------------------------------------------


def test_the_stored_line_is_the_public_model() -> None:
    offer = make_offer(version=7, last_seen=NOW)

    line = numbered(forms(offer).line, 7, NOW)

    assert PublicOffer.model_validate_json(line) == public(offer)


def test_the_digest_forgets_when_the_offer_was_seen_and_which_version_it_is() -> None:
    offer = make_offer()
    later = offer.model_copy(update={"version": 9, "last_seen": NOW + timedelta(days=7)})

    assert forms(later).digest == forms(offer).digest
    assert forms(make_offer(duration_minutes=61)).digest[:16] != forms(offer).digest[:16]


def test_a_csv_line_has_a_cell_for_every_column() -> None:
    row = numbered_csv("oaaaaaaaaaaaaaaa", forms(make_offer(title='Wald, "Wiese"\nund Wind')).csv, 7, NOW)
    line = licensed_csv([row], CC_ZERO).decode()

    assert csv_header().decode().rstrip("\r\n").split(",") == [column.name for column in CSV_COLUMNS]
    assert '"Wald, ""Wiese""\nund Wind"' in line
    assert line.endswith(f",{CC_ZERO}\r\n")
    assert len(next(csv.reader([line]))) == len(CSV_COLUMNS)
    cells = line.replace('"Wald, ""Wiese""\nund Wind"', "x")
    assert cells.startswith("oaaaaaaaaaaaaaaa,7,2026-11-23T07:00:00Z,published,13075,visit,x,")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_taken_for_a_formula(start: str) -> None:
    made = forms(make_offer(title=start + "cmd()"))

    assert f"'{start}cmd()".encode() in made.csv
    assert safe_cell(start) == "'" + start


# -- change kinds and expiry ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "known", "differs", "kind"),
    [
        (None, Status.PUBLISHED, False, True, ChangeKind.CREATED),
        (None, Status.HELD, False, True, None),
        (Status.HELD, Status.REJECTED, False, True, None),
        (Status.HELD, Status.PUBLISHED, False, True, ChangeKind.CREATED),
        (Status.PUBLISHED, Status.PUBLISHED, True, True, ChangeKind.UPDATED),
        (Status.PUBLISHED, Status.PUBLISHED, True, False, None),
        (Status.PUBLISHED, Status.CANCELLED, True, True, ChangeKind.CANCELLED),
        (Status.CANCELLED, Status.PUBLISHED, True, True, ChangeKind.RESTORED),
        (Status.PUBLISHED, Status.GONE, True, True, ChangeKind.WITHDRAWN),
        (Status.PUBLISHED, Status.HELD, True, True, ChangeKind.WITHDRAWN),
        (Status.PUBLISHED, Status.EXPIRED, True, True, ChangeKind.EXPIRED),
        (Status.PUBLISHED, Status.REJECTED, True, True, ChangeKind.REJECTED),
        (Status.EXPIRED, Status.GONE, True, True, ChangeKind.WITHDRAWN),
        (Status.GONE, Status.GONE, True, False, None),
        (Status.GONE, Status.PUBLISHED, True, True, ChangeKind.RESTORED),
    ],
)
def test_a_change_has_the_kind_that_everybody_sees(
    before: Status | None, after: Status, known: bool, differs: bool, kind: ChangeKind | None
) -> None:
    assert change_kind(before, after, known=known, differs=differs) is kind


@pytest.mark.parametrize(
    "schedule",
    [
        make_dated_schedule(TODAY, TODAY + timedelta(days=5)),
        Schedule(kind=ScheduleKind.ON_REQUEST, bookable_until=TODAY),
        Schedule(kind=ScheduleKind.RECURRING, recurrence=Recurrence(rule="FREQ=WEEKLY", ends_on=TODAY)),
        Schedule(kind=ScheduleKind.ON_REQUEST),
        Schedule(kind=ScheduleKind.DATED),
        make_dated_schedule(TODAY + timedelta(days=9)).model_copy(update={"bookable_until": TODAY + timedelta(days=2)}),
    ],
)
def test_the_day_of_expiry_is_the_first_on_which_it_is_over(schedule: Schedule) -> None:
    days = (TODAY + timedelta(days=n) for n in range(-1, 30))

    assert expires_on(schedule) == next((day for day in days if schedule.is_over(day)), None)


def test_an_offer_on_the_last_day_of_the_calendar_never_expires() -> None:
    schedule = Schedule(kind=ScheduleKind.DATED, occurrences=(Occurrence(day=date.max),))

    assert expires_on(schedule) is None
