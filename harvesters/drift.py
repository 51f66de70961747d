"""Is a source's harvest still what it was? Pure: compares a run with what was expected, else with its former runs.

A field that nobody wrote an expectation for counts as lost where clearly fewer offers state it than usual, usual being
the median of the former runs in which it was not lost. What lasts for as long as is looked back becomes usual, so an
alarm ends by itself. Few offers are no ground for one.
"""

from collections.abc import Collection, Iterator, Sequence
from math import sqrt
from statistics import median
from typing import Final

from schemas.filling import FIELD_WORDS
from schemas.harvest import Drift, Expect, FillRates
from schemas.vocabulary import Verdict

ENOUGH: Final = 10
"""Offers below which a share of former runs says nothing."""
ENOUGH_EXPECTED: Final = 5
"""The same for a share that the description expects."""
FALL: Final = 0.3
"""Least change of a share that is worth a word."""
NO_CHANCE: Final = 3.0
"""Standard errors of the difference of two shares that chance does not explain."""
ENOUGH_RUNS: Final = 3
"""Former runs below which a usual number of offers is not known."""
ENOUGH_TO_COUNT: Final = 20
"""Least number of offers that can halve, or be reached by doubling."""
_VERDICTS: Final[dict[str, str]] = {Verdict.YES: "geeignet", Verdict.NO: "nicht geeignet", Verdict.UNSURE: "unklar"}
_LOOK: Final = "Bitte die Seite im Browser öffnen: Ist sie umgebaut? Dann die Vorschau der Quelle neu lesen."


def drifts(fill: FillRates, former: Sequence[FillRates], expect: Expect, run_id: int | None) -> tuple[Drift, ...]:
    """What is not as expected or usual in a whole run, with the number of the run since which it lasts.

    ``former`` are former whole runs, the newest first; of those that were read by another version nothing but the
    beginnings of what still lasts is taken.
    """
    alike = [each for each in former if each.reader == fill.reader]
    found = [
        *_expected(fill, expect),
        *_filled(fill, alike, expect.filled),
        *_suited(fill, alike),
        *_counted(fill, alike),
    ]
    since: dict[tuple[str, str], int | None] = {}
    for each in former:
        for drift in each.drifts:
            since[drift.rule, drift.field] = drift.since  # the oldest counts
    return tuple(drift.model_copy(update={"since": since.get((drift.rule, drift.field), run_id)}) for drift in found)


def is_new(drift: Drift, former: Sequence[FillRates]) -> bool:
    """Whether none of the ``former`` runs has told of it: one that comes and goes is told once."""
    return all((drift.rule, drift.field) != (told.rule, told.field) for each in former for told in each.drifts)


def _expected(fill: FillRates, expect: Expect) -> Iterator[Drift]:
    if fill.offers < ENOUGH_EXPECTED:
        return
    for name, least in expect.filled.items():
        share = fill.share(name)
        if share < least:
            yield Drift(
                field=name,
                rule="expect.filled",
                was=least,
                now=share,
                message=f"„{FIELD_WORDS.get(name, name)}“ wurde nur bei {_percent(share)} der Angebote gefunden, "
                f"erwartet sind {_percent(least)}.",
                remedy="Hat sich die Seite geändert? Bitte access.fields prüfen oder expect.filled anpassen.",
            )


def _filled(fill: FillRates, former: Sequence[FillRates], expected: Collection[str]) -> Iterator[Drift]:
    for name in FIELD_WORDS:
        usual = _usual(former, "drift.filled", name, at_least=ENOUGH)
        if name in expected or not usual or fill.offers < ENOUGH:
            continue
        was, now = median(each.share(name) for each in usual), fill.share(name)
        if now <= was / 2 and _differ(was, usual, now, fill):
            yield Drift(
                field=name,
                rule="drift.filled",
                was=was,
                now=now,
                message=f"„{FIELD_WORDS[name]}“ wurde nur noch bei {_percent(now)} der Angebote gefunden, bisher waren "
                f"es {_percent(was)}.",
                remedy=_LOOK,
            )


def _suited(fill: FillRates, former: Sequence[FillRates]) -> Iterator[Drift]:
    """The verdict whose share has changed most, if that is a jump."""
    usual = _usual(former, "drift.suitability", "kita_suitability", at_least=ENOUGH)
    if not usual or fill.offers < ENOUGH:
        return
    shares = {
        code: (
            median(each.suitable.get(code, 0) / each.offers for each in usual),
            fill.suitable.get(code, 0) / fill.offers,
        )
        for code in _VERDICTS
    }
    code, (was, now) = max(shares.items(), key=lambda each: abs(each[1][0] - each[1][1]))
    if _differ(was, usual, now, fill):
        yield Drift(
            field="kita_suitability",
            rule="drift.suitability",
            was=was,
            now=now,
            message=f"{_percent(now)} der Angebote gelten für Kita-Gruppen als {_VERDICTS[code]}, bisher waren es "
            f"{_percent(was)}.",
            remedy=_LOOK,
        )


def _counted(fill: FillRates, former: Sequence[FillRates]) -> Iterator[Drift]:
    usual = _usual(former, "drift.offers", "offers")
    if len(usual) < ENOUGH_RUNS:
        return
    was, now = median(each.offers for each in usual), fill.offers
    if max(was, now) >= ENOUGH_TO_COUNT and not was / 2 < now < was * 2:
        yield Drift(
            field="offers",
            rule="drift.offers",
            was=was,
            now=now,
            message=f"{now} Angebote, bisher waren es meist {was:.0f}.",
            remedy="Stimmt das, ist nichts zu tun. Sonst bitte im Browser nachsehen, was fehlt oder nicht dazugehört.",
        )


def _usual(former: Sequence[FillRates], rule: str, field: str, *, at_least: int = 0) -> list[FillRates]:
    """The former runs with enough offers in which this was not amiss."""
    told = (rule, field)
    return [
        each
        for each in former
        if each.offers >= at_least and all((drift.rule, drift.field) != told for drift in each.drifts)
    ]


def _differ(was: float, usual: Sequence[FillRates], now: float, fill: FillRates) -> bool:
    """Whether two shares differ by much, and by more than chance explains (the usual test of two proportions)."""
    of, of_now = median(each.offers for each in usual), fill.offers
    together = (was * of + now * of_now) / (of + of_now)
    error = sqrt(together * (1 - together) * (1 / of + 1 / of_now))
    return abs(was - now) >= max(FALL, NO_CHANCE * error)


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")
