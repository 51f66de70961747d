"""What the offers of a run state, beside what the source expects and what the run before it found; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from schemas.filling import FIELD_WORDS
from schemas.harvest import FillRates, HarvestRun


@dataclass(frozen=True, slots=True)
class Stated:
    """One field of a run's offers."""

    field: str
    """Its name."""
    offers: int
    """Offers that state it."""
    share: float
    """The same as a share."""
    before: float | None
    """Share in the run before, if that was read by the same version."""
    expected: float | None
    """Least share that the source's description expects."""
    amiss: bool
    """Whether that is too little."""


def reports(runs: Sequence[HarvestRun], expected: Mapping[str, float]) -> Iterator[tuple[HarvestRun, list[Stated]]]:
    """Each of ``runs``, the newest first, with what its offers state."""
    for run, before in zip_longest(runs, runs[1:]):
        rates = run.fill if run.fill and run.fill.offers else None
        yield run, stated(rates, before.fill if before else None, expected) if rates else []


def stated(fill: FillRates, before: FillRates | None, expected: Mapping[str, float]) -> list[Stated]:
    """The fields that offers state, or that are expected or missed; those that are amiss first."""
    alike = before if before is not None and before.reader == fill.reader and before.offers else None
    amiss = {drift.field for drift in fill.drifts}
    rows = [
        Stated(
            field=name,
            offers=fill.filled.get(name, 0),
            share=fill.share(name),
            before=alike.share(name) if alike else None,
            expected=expected.get(name),
            amiss=name in amiss,
        )
        for name in dict.fromkeys([*FIELD_WORDS, *expected])
        if fill.filled.get(name) or name in amiss or name in expected or (alike and alike.filled.get(name))
    ]
    return sorted(rows, key=lambda row: not row.amiss)
