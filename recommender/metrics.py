"""How good a list is, measured against graded judgements; each figure is defined in words first.

Grades are whole numbers from 0 (not to be shown) to 3 (book it now); an offer that is not judged counts as 0. Lists are
sequences of offer ids, best first. Offers that are the same one bear the same name in ``same_as``.
"""

import math
from collections.abc import Collection, Mapping, Sequence

Grades = Mapping[str, int]
"""Offer id → grade, for one Kita."""
SameAs = Mapping[str, str]
"""Offer id → name of its group of equal offers; absent for offers that stand alone."""


def gains(shown: Sequence[str], grades: Grades, same_as: SameAs) -> list[int]:
    """Grades of a list, 0 for an offer whose equal stands before it.

    >>> gains(["a", "b", "c"], {"a": 3, "b": 3, "c": 1}, {"a": "g", "b": "g"})
    [3, 0, 1]
    """
    found, seen = [], set()
    for offer in shown:
        name = same_as.get(offer, f"\0{offer}")
        found.append(0 if name in seen else grades.get(offer, 0))
        seen.add(name)
    return found


def ndcg(shown: Sequence[str], grades: Grades, same_as: SameAs, places: int = 8) -> float:
    """How much of the best possible list was reached, the top counting more: Σ (2^grade − 1) / log2(rank + 1) over the
    first ``places``, divided by that of the best list with one offer per group of equals; 1 where nothing is good and
    nothing is shown, 0 where nothing is good and something is shown.
    """
    best: dict[str, int] = {}
    for offer, grade in grades.items():
        name = same_as.get(offer, f"\0{offer}")
        best[name] = max(best.get(name, 0), grade)
    ideal = _discounted(sorted(best.values(), reverse=True)[:places])
    if not ideal:
        return 0.0 if shown[:places] else 1.0
    return _discounted(gains(shown[:places], grades, same_as)) / ideal


def precision(shown: Sequence[str], grades: Grades, same_as: SameAs, places: int = 8) -> float:
    """Share of ``places`` places that hold an offer of grade 1 or better; an empty place is a miss."""
    return sum(grade >= 1 for grade in gains(shown[:places], grades, same_as)) / places


def recall(shown: Sequence[str], grades: Grades, same_as: SameAs, places: int = 30) -> float:
    """Share of the good offers (grade 2 or 3, equals counted once) that stand in the first ``places``; 1 of none."""
    good = {same_as.get(offer, f"\0{offer}") for offer, grade in grades.items() if grade >= 2}
    found = {same_as.get(offer, f"\0{offer}") for offer in shown[:places]}
    return len(good & found) / len(good) if good else 1.0


def unfit(shown: Sequence[str], grades: Grades, same_as: SameAs, places: int = 8) -> int:
    """How many of the shown offers (at most ``places``) are of grade 0, not judged, or equal to one before them."""
    return sum(grade == 0 for grade in gains(shown[:places], grades, same_as))


def violations(shown: Sequence[str], forbidden: Collection[str], places: int = 8) -> int:
    """How many of the shown offers (at most ``places``) break a hard rule for this Kita."""
    return sum(offer in forbidden for offer in shown[:places])


def coverage(lists: Sequence[Sequence[str]], good: Collection[str], places: int = 8) -> float:
    """Distinct offers shown to anybody ÷ offers that are good for somebody; may exceed 1; 0 where none is good."""
    return len({offer for shown in lists for offer in shown[:places]}) / len(good) if good else 0.0


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean; 0 of nothing."""
    return math.fsum(values) / len(values) if values else 0.0


def standard_error(values: Sequence[float]) -> float:
    """Standard error of the mean over Kitas: sample standard deviation ÷ √n; 0 for fewer than two."""
    if len(values) < 2:
        return 0.0
    middle = mean(values)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1) / len(values))


def _discounted(grades: Sequence[int]) -> float:
    return math.fsum((2**grade - 1) / math.log2(rank + 1) for rank, grade in enumerate(grades, start=1))
