"""Alarms where a source's offers state clearly less than they did: once, with a reason, and none for a few offers."""

from itertools import pairwise
from typing import Any

import pytest

from harvesters import drift, process
from harvesters.drift import drifts, is_new
from harvesters.run import harvest, replay
from schemas.db import Database
from schemas.harvest import Expect, FillRates, HarvestRun, RunStatus, Source
from schemas.store import harvest as store
from schemas.store.filling import DAYS
from tests.factories import NOW
from tests.harvesters.feed_site import HOUR, feed, harvested, serve
from tests.harvesters.loopback import QUICK, Site

NOTHING = Expect()


def fill(offers: int = 20, *, suitable: dict[str, int] | None = None, reader: str = "1", **filled: int) -> FillRates:
    return FillRates(reader=reader, offers=offers, filled=filled, suitable=suitable or {"yes": offers})


def found(now: FillRates, *former: FillRates, expect: Expect = NOTHING) -> dict[str, tuple[float, float]]:
    return {each.field: (each.was, each.now) for each in drifts(now, former, expect, 7)}


def test_a_field_that_most_offers_stated_and_few_state_now_is_told() -> None:
    (lost,) = drifts(fill(ages=2, price=17), [fill(ages=18, price=18)], NOTHING, 7)

    assert (lost.field, lost.rule, lost.was, lost.now, lost.since) == ("ages", "drift.filled", 0.9, 0.1, 7)
    assert lost.message == "„Alter“ wurde nur noch bei 10 % der Angebote gefunden, bisher waren es 90 %."


@pytest.mark.parametrize(
    ("before", "after", "offers"),
    [
        (9, 1, 9),  # few offers
        (6, 3, 10),  # chance
        (18, 14, 20),  # a little less
        (5, 0, 20),  # seldom stated before
        (2, 18, 20),  # more than before
    ],
)
def test_little_is_no_alarm(before: int, after: int, offers: int) -> None:
    assert found(fill(offers, ages=after), *[fill(offers, ages=before)] * 5) == {}


def test_one_odd_run_among_the_former_ones_is_no_measure() -> None:
    assert found(fill(ages=2), fill(ages=1), *[fill(ages=18)] * 4) == {"ages": (0.9, 0.1)}
    assert found(fill(ages=4), fill(ages=20), *[fill(ages=4)] * 4) == {}


def test_what_lasts_becomes_usual() -> None:
    history: list[FillRates] = [fill(ages=18)]
    told = []
    for number in range(DAYS + 5):
        now = fill(ages=2)
        history.insert(0, now.model_copy(update={"drifts": drifts(now, history[:DAYS], NOTHING, number)}))
        told.append([each.since for each in history[0].drifts])

    assert told == [[0]] * DAYS + [[]] * 5


def test_another_version_of_the_normaliser_is_no_measure() -> None:
    assert found(fill(ages=2, reader="2"), *[fill(ages=18, reader="1")] * 5) == {}


def test_what_the_description_expects_counts_more_than_former_runs() -> None:
    expect = Expect(filled={"ages": 0.05, "price": 0.5})

    assert found(fill(ages=2, price=6), fill(ages=18, price=6), expect=expect) == {"price": (0.5, 0.3)}
    assert found(fill(4), expect=expect) == {}


def test_a_jump_of_suitability_is_told_in_both_directions() -> None:
    before, after = fill(suitable={"yes": 18, "no": 2}), fill(suitable={"yes": 2, "no": 3, "unsure": 15})

    assert found(after, before) == {"kita_suitability": (0.9, 0.1)}
    assert found(before, after) == {"kita_suitability": (0.1, 0.9)}


def test_a_number_that_halves_or_doubles_little_by_little_is_told_as_no_illness() -> None:
    numbers = [100, 88, 77, 68, 60, 53, 47, 41, 36, 32, 28]
    fills = [fill(number) for number in numbers]
    told = [i for i in range(len(fills)) if found(fills[i], *fills[:i][::-1])]

    assert all(after / before > 0.8 for before, after in pairwise(numbers))
    assert told and numbers[told[0]] <= 36
    (one,) = drifts(fills[-1], fills[-2::-1], NOTHING, 7)
    assert (one.field, one.is_illness) == ("offers", False)
    assert found(fill(60), *[fill(30)] * 3) == {"offers": (30, 60)}
    assert found(fill(16), *[fill(8)] * 3) == found(fill(60), *[fill(30)] * 2) == {}


def test_an_alarm_has_one_beginning_and_is_new_once() -> None:
    before = [fill(ages=18)]
    first = fill(ages=2).model_copy(update={"drifts": drifts(fill(ages=2), before, NOTHING, 7)})

    (again,) = drifts(fill(ages=1), [first, *[fill(ages=18)] * 3], NOTHING, 8)

    assert again.since == 7
    assert is_new(first.drifts[0], before)
    assert not is_new(again, [first, *before])
    assert not is_new(again, [fill(ages=18), first, *before])  # gone for a day, and back


# -- whole runs -------------------------------------------------------------------------------------------------------


def rows(number: int = 12, **changes: Any) -> list[dict[str, Any]]:
    words = {"text": "Für Kita-Gruppen.", "alter": "ab 4 Jahren", "preis": "2 € pro Kind"} | changes
    return [{"id": n, "titel": f"Waldtag {n}"} | words for n in range(1, number + 1)]


def rules(run: HarvestRun) -> list[tuple[str, str]]:
    return [(issue.field, issue.rule) for issue in run.issues if issue.rule.startswith(("drift", "expect"))]


def lasting(run: HarvestRun) -> list[tuple[str, int | None]]:
    assert run.fill is not None
    return [(each.field, each.since) for each in run.fill.drifts]


def test_a_site_that_no_longer_gives_ages_is_told_once_and_until_it_is_well(
    sqlite_database: Database, site: Site
) -> None:
    source = feed(site)
    serve(site, rows())
    well = harvested(sqlite_database, source)
    assert well.fill is not None
    assert (well.fill.offers, well.fill.share("ages"), well.fill.suitable) == (12, 1.0, {"yes": 12})

    serve(site, rows(alter=""))
    lost = harvested(sqlite_database, source, 24)
    same = harvested(sqlite_database, source, 48)
    serve(site, [*rows(11, alter=""), {"id": 99, "titel": "Moortag", "text": "Für Kita-Gruppen."}])
    later = harvested(sqlite_database, source, 72)
    serve(site, rows())
    back = harvested(sqlite_database, source, 96)

    assert [run.status for run in (lost, same, later, back)] == [RunStatus.COMPLETE] * 4
    assert rules(lost) == [("ages", "drift.filled")]
    assert rules(same) == rules(later) == rules(back) == []
    assert lasting(lost) == lasting(same) == lasting(later) == [("ages", lost.id)]
    assert lasting(back) == []
    with sqlite_database.read() as session:
        assert [run.fill for run in store.runs(session)] == [run.fill for run in (back, later, same, lost, well)]


def test_unchanged_offers_are_counted_with_the_changed_ones(
    sqlite_database: Database, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = feed(site)
    serve(site, rows())
    harvested(sqlite_database, source)

    serve(site, [*rows(3, alter=""), *rows()[3:]])
    some = harvested(sqlite_database, source, 1)
    monkeypatch.setattr(process, "tally_stored", None)  # calling it would raise: nothing has changed
    none = harvested(sqlite_database, source, 2)

    assert some.fill == none.fill
    assert some.fill is not None
    assert (some.fill.offers, some.fill.filled["ages"], some.fill.filled["price"]) == (12, 9, 12)


def test_a_dry_run_counts_and_warns_too(sqlite_database: Database, site: Site) -> None:
    source = feed(site)
    serve(site, rows())
    harvested(sqlite_database, source)
    serve(site, rows(alter=""))

    dry = harvest(sqlite_database, source, settings=QUICK, now=NOW + HOUR, dry_run=True)

    assert rules(dry) == [("ages", "drift.filled")]
    assert dry.fill is not None
    assert dry.fill.share("ages") == 0


def test_runs_that_were_not_whole_are_neither_judged_nor_a_measure(sqlite_database: Database, site: Site) -> None:
    source = feed(site)
    serve(site, rows())
    harvested(sqlite_database, source)

    serve(site, rows(60, alter=""))  # more than the description allows
    odd = harvested(sqlite_database, source, 24)
    serve(site, rows(40))
    well = harvested(sqlite_database, source, 48)

    assert (odd.status, rules(odd)) == (RunStatus.INCOMPLETE, [("run", "expect.offers")])
    assert (rules(well), lasting(well)) == ([], [])


def test_a_new_version_of_the_normaliser_is_no_alarm_and_begins_anew(
    sqlite_database: Database, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = feed(site)
    serve(site, rows())
    harvested(sqlite_database, source)

    monkeypatch.setattr(process, "READER", "2/next")
    serve(site, rows(alter=""))
    other = harvested(sqlite_database, source, 24)

    assert (rules(other), lasting(other)) == ([], [])


def test_a_replay_is_judged_like_a_run(sqlite_database: Database, site: Site, source: Source) -> None:
    serve(site, rows())
    harvested(sqlite_database, source)
    silent = source.model_copy(update={"lookups": {"ages": {"ab 4 Jahren": ""}}})

    again = replay(sqlite_database, silent, now=NOW + HOUR)

    assert rules(again) == [("ages", "drift.filled")]
    assert again.fill is not None
    assert again.fill.offers == 12


def test_the_limits_of_the_readme_are_those_of_the_code() -> None:
    assert (drift.ENOUGH, drift.FALL, drift.ENOUGH_RUNS, drift.ENOUGH_TO_COUNT) == (10, 0.3, 3, 20)
