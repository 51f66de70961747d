"""May this run withdraw anything? Pure (law 2): a bad run withdraws nothing, a good one only what was missed twice."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from schemas.harvest import ExpectOffers
from schemas.offer import SourceKey
from schemas.store.harvest import KnownOffer

MISSED_RUNS: Final = 2
"""Complete runs in a row that must not show an offer before it counts as withdrawn."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run says about offers that it did not show."""

    missing: tuple[SourceKey, ...] = ()
    """Known, not withdrawn, not shown."""
    absent: tuple[SourceKey, ...] = ()
    """Those of which a complete and plausible run says so: counted as missed once more."""
    withdrawn: tuple[SourceKey, ...] = ()
    """Those that are withdrawn now."""
    held: tuple[SourceKey, ...] = ()
    """Those that a coordinator must look at, because too many vanished at once."""
    rule: str | None = None
    """Why nothing is withdrawn, as a code; ``None`` where the run was good."""
    message: str | None = None
    """The same as a German sentence."""


def judge(
    expect: ExpectOffers,
    known: Mapping[SourceKey, KnownOffer],
    shown: Collection[SourceKey],
    *,
    complete: bool,
    gone: Collection[SourceKey] = (),
) -> Verdict:
    """What may follow from a run that showed ``shown``, for a source of which ``known`` is stored.

    An incomplete run says nothing about what it did not show, nor does one with fewer or more offers than the source
    expects. Where a larger share than ``expect.max_vanished`` is missing, the missing are held, not withdrawn.

    Those in ``gone`` the source itself calls gone for good (410). They are withdrawn at once, also by an incomplete
    run, as long as it showed as many offers as expected at least: a site that calls everything gone is broken. What a
    coordinator keeps is not judged until the source shows it again.
    """
    alive = {key for key, offer in known.items() if not offer.withdrawn and not offer.kept}
    missing = _sorted(alive - set(shown))
    deleted = _sorted(set(missing) & set(gone)) if len(shown) >= expect.min else ()
    left = _judge_missing(expect, known, alive - set(deleted), shown, complete=complete)
    return replace(left, missing=missing, withdrawn=_sorted({*left.withdrawn, *deleted}))


def _judge_missing(
    expect: ExpectOffers,
    known: Mapping[SourceKey, KnownOffer],
    alive: Collection[SourceKey],
    shown: Collection[SourceKey],
    *,
    complete: bool,
) -> Verdict:
    """What may follow for those of ``alive`` that were not shown, and of which the source says nothing."""
    missing = _sorted(set(alive) - set(shown))
    if not missing:
        return Verdict()
    if not complete:
        return Verdict(
            missing=missing,
            rule="gate.incomplete",
            message=f"Der Abruf war unvollständig; {len(missing)} nicht gezeigte Angebote bleiben unberührt.",
        )
    if not expect.min <= len(shown) <= expect.max:
        return Verdict(
            missing=missing,
            rule="gate.implausible",
            message=f"{len(shown)} Angebote sind unglaubwürdig (erwartet: {expect.min} bis {expect.max}); "
            f"{len(missing)} nicht gezeigte bleiben unberührt.",
        )
    if len(missing) > expect.max_vanished * len(alive):
        return Verdict(
            missing=missing,
            absent=missing,
            held=missing,
            rule="gate.too_many_vanished",
            message=f"{len(missing)} von {len(alive)} Angeboten fehlen auf einmal "
            f"(erlaubt: {expect.max_vanished:.0%}); bitte prüfen, ob sie wirklich zurückgezogen sind.",
        )
    due = tuple(key for key in missing if known[key].missed_runs + 1 >= MISSED_RUNS)
    return Verdict(missing=missing, absent=missing, withdrawn=due)


def _sorted(keys: Collection[SourceKey]) -> tuple[SourceKey, ...]:
    return tuple(sorted(keys, key=lambda key: (key.key, key.part)))
