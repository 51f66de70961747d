"""May this run withdraw anything?"""

import pytest

from harvesters.gate import Verdict, judge
from schemas.harvest import ExpectOffers
from schemas.offer import SourceKey
from schemas.store.harvest import KnownOffer

EXPECT = ExpectOffers(min=5, max=50, max_vanished=0.2)


def key(number: int) -> SourceKey:
    return SourceKey(source="mv_probe", key=f"k{number:02}")


def known(count: int = 20, **states: KnownOffer) -> dict[SourceKey, KnownOffer]:
    offers = {key(number): KnownOffer("f", "1", 0, True) for number in range(count)}
    return offers | {SourceKey(source="mv_probe", key=name): state for name, state in states.items()}


def shown(*missing: int, count: int = 20) -> set[SourceKey]:
    return {key(number) for number in range(count)} - {key(number) for number in missing}


def test_where_nothing_is_missing_nothing_follows() -> None:
    assert judge(EXPECT, known(), shown(), complete=True) == Verdict()


def test_the_first_miss_is_only_counted() -> None:
    verdict = judge(EXPECT, known(), shown(3), complete=True)

    assert (verdict.absent, verdict.withdrawn, verdict.held, verdict.rule) == ((key(3),), (), (), None)


def test_the_second_miss_in_a_row_withdraws() -> None:
    verdict = judge(EXPECT, known(k03=KnownOffer("f", "1", 1, False)), shown(3, 4), complete=True)

    assert verdict.absent == (key(3), key(4))
    assert verdict.withdrawn == (key(3),)


@pytest.mark.parametrize(
    ("complete", "seen", "rule"),
    [
        (False, shown(3), "gate.incomplete"),
        (False, set(), "gate.incomplete"),
        (True, set(), "gate.implausible"),
        (True, {key(1), key(2)}, "gate.implausible"),
        (True, {key(number) for number in range(100, 160)}, "gate.implausible"),
    ],
)
def test_a_bad_run_says_nothing_about_what_it_did_not_show(complete: bool, seen: set[SourceKey], rule: str) -> None:
    long_missing = known(k03=KnownOffer("f", "1", 9, False))

    verdict = judge(EXPECT, long_missing, seen, complete=complete)

    assert (verdict.absent, verdict.withdrawn, verdict.held) == ((), (), ())
    assert verdict.rule == rule
    assert verdict.message


@pytest.mark.parametrize("gone", [5, 6, 12, 14])
def test_too_many_at_once_are_held_not_withdrawn(gone: int) -> None:
    verdict = judge(EXPECT, known(), shown(*range(gone)), complete=True)

    assert (len(verdict.held), verdict.withdrawn, verdict.rule) == (gone, (), "gate.too_many_vanished")
    assert f"{gone} von 20" in (verdict.message or "")


def test_waiting_a_run_does_not_get_a_mass_loss_through() -> None:
    missed = {f"k{number:02}": KnownOffer("f", "1", 5, False) for number in range(10)}

    verdict = judge(EXPECT, known(**missed), shown(*range(10)), complete=True)

    assert (len(verdict.held), verdict.withdrawn) == (10, ())


def test_the_share_may_be_reached_but_not_passed() -> None:
    assert judge(EXPECT, known(), shown(1, 2, 3, 4), complete=True).held == ()
    assert len(judge(EXPECT, known(), shown(1, 2, 3, 4, 5), complete=True).held) == 5


def test_what_is_withdrawn_already_counts_no_more() -> None:
    gone = {f"g{number}": KnownOffer("f", "1", 3, False, withdrawn=True) for number in range(30)}

    verdict = judge(EXPECT, known(**gone), shown(3), complete=True)

    assert verdict.missing == (key(3),)
    assert verdict.held == ()


# -- what sources and people say --------------------------------------------------------------------------------------


@pytest.mark.parametrize("complete", [True, False])
def test_what_the_source_calls_gone_is_withdrawn_at_once_however_many(complete: bool) -> None:
    gone = [key(number) for number in range(8)]

    verdict = judge(EXPECT, known(), shown(*range(9)), complete=complete, gone=gone)

    assert verdict.withdrawn == tuple(gone)
    assert verdict.missing == tuple(key(number) for number in range(9))
    assert verdict.held == ()


def test_the_others_that_are_missing_are_judged_as_ever() -> None:
    verdict = judge(EXPECT, known(), shown(*range(10)), complete=True, gone=[key(0)])

    assert verdict.withdrawn == (key(0),)
    assert verdict.held == tuple(key(number) for number in range(1, 10))


def test_what_is_shown_is_not_gone_whatever_an_old_address_says() -> None:
    assert judge(EXPECT, known(), shown(), complete=True, gone=[key(3)]) == Verdict()


def test_a_site_that_calls_everything_gone_is_not_believed() -> None:
    verdict = judge(EXPECT, known(), shown(*range(17)), complete=True, gone=[key(number) for number in range(17)])

    assert (verdict.withdrawn, verdict.rule) == ((), "gate.implausible")


def test_what_a_coordinator_keeps_is_not_judged() -> None:
    kept = {f"k{number:02}": KnownOffer("f", "1", 4, False, kept=True) for number in range(10)}

    verdict = judge(EXPECT, known(**kept), shown(*range(10)), complete=True, gone=[key(0)])

    assert verdict == Verdict()
