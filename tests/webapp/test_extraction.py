"""The figures of ``evaluate extraction``, by their definitions, and ``kitalotse extract``."""

import json
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from schemas.offer import AgeRange, GroupSize, Occurrence, OfferFields, Price, Recurrence, Schedule, Suitability
from schemas.organisation import Place
from schemas.vocabulary import Access, Answer, Area, Mode, PriceModel, ScheduleKind, Verdict, Weekday
from webapp.cli import main
from webapp.commands.extract import extract, extracted
from webapp.evaluation.corpus import Gold, OfferLine
from webapp.evaluation.extraction import (
    FIELDS,
    Tally,
    each,
    evaluate_extraction,
    one,
    recurrence_agrees,
    score,
    suitability,
)

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
TODAY = date(2026, 11, 23)


def line(**gold: Any) -> OfferLine:
    """A line of a corpus with that gold."""
    given = {"suitable_for_kita": True, "audience": "kita", **gold}
    return OfferLine(id="x-1", title="Titel", seen_on=TODAY, gold=Gold.model_validate(given))


def tally(field: str, offer: OfferFields, **gold: Any) -> tuple[int, int, int]:
    """True positives, false positives and false negatives of one field."""
    found = score(offer, line(**gold), "MV")[field]
    return found.true_positive, found.false_positive, found.false_negative


def offer(**fields: Any) -> OfferFields:
    """Fields of an offer."""
    return OfferFields(title="Titel", **fields)


def test_a_single_value_is_one_decision() -> None:
    assert one(45, 45) == Tally(1, 0, 0)
    assert one(60, 45) == Tally(0, 1, 1)
    assert one(60, None) == Tally(0, 1, 0)
    assert one(None, 45) == Tally(0, 0, 1)
    assert one(None, None) == Tally()


def test_a_set_is_judged_per_element() -> None:
    assert each({"a", "b"}, {"b", "c", "d"}) == Tally(1, 1, 2)


def test_figures_are_precision_recall_and_f1() -> None:
    assert Tally(6, 2, 4).figures() == {"precision": 0.75, "recall": 0.6, "f1": 0.6667}
    assert Tally().figures() == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


def test_ages_are_two_decisions_and_zero_is_not_stated() -> None:
    assert tally("ages", offer(ages=AgeRange(min_months=36, max_months=83)), age_min_months=36, age_max_months=71) == (
        1,
        1,
        1,
    )
    assert tally("ages", offer(ages=AgeRange(min_months=0, max_months=35)), age_max_months=35) == (1, 0, 0)


def test_price_is_model_amount_and_extra() -> None:
    found = offer(price=Price(model=PriceModel.PER_CHILD, amount_eur=3, extra_eur=1))

    assert tally("price", found, price={"model": "per_child", "amount_eur": 3, "extra_eur": 2}) == (2, 1, 1)
    assert tally("price", found, price={"model": "unknown"}) == (0, 3, 0)


def test_a_free_offer_has_no_amount_to_judge() -> None:
    found = offer(price=Price(model=PriceModel.FREE, amount_eur=0))

    assert tally("price", found, price={"model": "free", "amount_eur": 0}) == (1, 0, 0)


def test_group_size_is_two_decisions() -> None:
    assert tally(
        "group_size", offer(group_size=GroupSize(children_min=8, children_max=20)), group_min=8, group_max=15
    ) == (1, 1, 1)


def test_occurrences_are_judged_to_the_minute_or_by_date() -> None:
    starts = [Occurrence(day=date(2026, 12, 3), start=time(9, 30)), Occurrence(day=date(2026, 12, 4))]
    found = offer(schedule=Schedule(kind=ScheduleKind.DATED, occurrences=tuple(starts)))

    assert tally("occurrences", found, schedule="dated", occurrences=["2026-12-03T09:30", "2026-12-04"]) == (2, 0, 0)
    assert tally("occurrences", found, schedule="dated", occurrences=["2026-12-03", "2026-12-04T10:00"]) == (1, 1, 1)


def test_weekdays_of_dated_offers_are_not_judged() -> None:
    found = offer(schedule=Schedule(kind=ScheduleKind.ON_REQUEST, weekdays=(Weekday.MO, Weekday.TU)))

    assert tally("weekdays", found, schedule="dated", weekdays=["MO"]) == (0, 0, 0)
    assert tally("weekdays", found, schedule="on_request", weekdays=["MO"]) == (1, 1, 0)


def test_languages_leave_german_out() -> None:
    assert tally("languages", offer(languages=("de", "pl")), languages=["de", "uk"]) == (0, 1, 1)


def test_a_stated_no_is_no_access() -> None:
    found = offer(accessibility={Access.WHEELCHAIR: Answer.NO, Access.BUGGY: Answer.LIMITED})

    assert tally("accessibility", found, accessibility=["buggy"]) == (1, 0, 0)


def test_a_place_is_right_by_postcode_or_by_name() -> None:
    assert tally("place", offer(place=Place(locality="Anklam")), postal_code="17389", locality="Anklam") == (1, 0, 0)
    assert tally("place", offer(place=Place(postcode="17389")), postal_code="17389", locality="Anklam") == (1, 0, 0)
    assert tally("place", offer(place=Place(locality="Loitz")), postal_code="17389", locality="Anklam") == (0, 1, 1)
    assert tally("place", offer(place=Place(locality="Loitz"))) == (0, 1, 0)
    assert tally("place", offer(), locality="Anklam") == (0, 0, 1)


def test_modes_and_areas_are_sets() -> None:
    found = offer(modes=(Mode.OUTDOOR,), areas=(Area.STEM, Area.MEDIA))

    assert tally("modes", found, mode=["at_provider", "outdoor"]) == (1, 0, 1)
    assert tally("areas", found, topics=["stem"]) == (1, 1, 0)


def test_cancelled_counts_only_where_true() -> None:
    assert tally("cancelled", offer()) == (0, 0, 0)
    assert tally("cancelled", offer(cancelled=True)) == (0, 1, 0)
    assert tally("cancelled", offer(), cancelled=True) == (0, 0, 1)


def agrees(found: str, gold: str, first: date | None = None) -> bool:
    """Whether two rules agree in MV."""
    return recurrence_agrees(found, gold, seen_on=TODAY, first=first, land="MV")


def test_rules_agree_by_their_days() -> None:
    assert agrees("FREQ=WEEKLY;BYDAY=TU,TH", "FREQ=WEEKLY;BYDAY=TH,TU")
    assert not agrees("FREQ=WEEKLY;BYDAY=TU", "FREQ=WEEKLY;BYDAY=TU,TH")
    assert not agrees("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "FREQ=WEEKLY;BYDAY=TU")
    assert not agrees("FREQ=SECONDLY", "FREQ=WEEKLY;BYDAY=TU")


def test_rules_of_another_season_are_compared_by_their_parts() -> None:
    assert agrees("FREQ=WEEKLY;BYDAY=TU;BYMONTH=7,8", "FREQ=WEEKLY;BYDAY=TU;BYMONTH=7,8")
    assert not agrees("FREQ=WEEKLY;BYDAY=TU;BYMONTH=7,8", "FREQ=WEEKLY;BYDAY=WE;BYMONTH=7,8")


def test_rules_with_a_count_start_at_the_gold_day() -> None:
    assert agrees("FREQ=WEEKLY;BYDAY=WE;COUNT=6", "FREQ=WEEKLY;BYDAY=WE;COUNT=6", first=date(2027, 1, 13))
    assert not agrees("FREQ=WEEKLY;BYDAY=WE;COUNT=3", "FREQ=WEEKLY;BYDAY=WE;COUNT=6", first=date(2027, 1, 13))
    assert agrees("FREQ=WEEKLY;BYDAY=WE;COUNT=6", "FREQ=WEEKLY;BYDAY=WE;COUNT=6")
    assert not agrees("FREQ=WEEKLY;BYDAY=WE", "FREQ=WEEKLY;BYDAY=WE;COUNT=6")


def test_a_rule_where_gold_has_none_is_a_false_positive() -> None:
    found = offer(schedule=Schedule(kind=ScheduleKind.RECURRING, recurrence=Recurrence(rule="FREQ=WEEKLY;BYDAY=MO")))

    assert tally("recurrence", found, schedule="on_request") == (0, 1, 0)


def test_unsure_is_not_yes() -> None:
    unsure = offer(kita_suitability=Suitability(verdict=Verdict.UNSURE, probability=0.5))

    assert suitability(unsure, line().gold) == Tally(0, 0, 1)
    assert suitability(unsure, line(suitable_for_kita=False).gold) == Tally()


@pytest.mark.corpus
def test_reads_the_gold_corpus_as_well_as_it_did(shared: Path) -> None:
    figures = evaluate_extraction(shared / "data/gold/vorpommern-greifswald")

    assert figures["corpus"] == "vorpommern-greifswald"
    assert figures["n"] == 200
    assert set(figures["fields"]) == set(FIELDS)
    assert figures["micro"]["f1"] >= 0.86
    assert figures["suitability"]["f1"] >= 0.93


LINES = [
    {
        "id": "a",
        "title": "Waldtag für Kita-Gruppen",
        "text": "Ab 3 J., 2 € pro Kind",
        "place_text": "Forsthaus, 37574 Einbeck",
        "seen_on": "2026-11-23",
    },
    {"title": "Ohne Kennung", "text": "am 5.1. um 10 Uhr", "seen_on": "2025-12-01"},
]


def answers(*lines: bytes) -> list[dict[str, Any]]:
    """What extracting those lines gives."""
    return list(extracted(iter(lines), region=None, now=NOW, today=TODAY))


def test_one_answer_per_line() -> None:
    first, second = answers(*(json.dumps(data).encode() for data in LINES), b"  \n")

    assert (first["id"], second["id"]) == ("a", "2")
    offer = first["offers"][0]
    assert (offer["ages"]["min_months"], offer["price"]["amount_eur"], offer["region"]) == (36, 2.0, "03155")
    assert second["offers"][0]["schedule"]["occurrences"][0]["day"] == "2026-01-05"


@pytest.mark.parametrize(
    "bad",
    [
        b"no json",
        b"[1]",
        b'{"title": 3}',
        b"{}",
        b"\xff\xfe",
        b'{"title": "x", "seen_on": "gestern"}',
        b"[" * 90_000,
        b'{"id": "\\ud800", "title": "x"}',
    ],
)
def test_a_bad_line_is_an_issue_and_the_next_is_read(bad: bytes) -> None:
    first, second = answers(bad, json.dumps(LINES[0]).encode())

    assert first["offers"] == []
    assert [issue["rule"] for issue in first["issues"]] == ["extract.not_read"]
    assert first["issues"][0]["where"] == "line 1"
    assert len(second["offers"]) == 1


def test_the_command_writes_a_file(tmp_path: Path) -> None:
    source, target = tmp_path / "in.ndjson", tmp_path / "out.ndjson"
    source.write_text("\n".join(json.dumps(data) for data in LINES), encoding="utf-8")

    result = CliRunner().invoke(extract, [str(source), "--out", str(target)])

    assert result.exit_code == 0
    assert [json.loads(text)["id"] for text in target.read_text(encoding="utf-8").splitlines()] == ["a", "2"]


def test_the_command_says_where_it_cannot_write(tmp_path: Path) -> None:
    source = tmp_path / "in.ndjson"
    source.write_bytes(b'{"title": "Laternenfest"}\n')

    result = CliRunner().invoke(main, ["extract", str(source), "--out", str(source / "out.ndjson")])

    assert result.exit_code == 1
    assert "choose another --out" in result.stderr


def test_the_command_refuses_a_region_that_is_none(tmp_path: Path) -> None:
    source = tmp_path / "in.ndjson"
    source.write_text("{}", encoding="utf-8")

    assert CliRunner().invoke(extract, [str(source), "--region", "MV"]).exit_code == 2
