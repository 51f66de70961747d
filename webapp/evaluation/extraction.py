"""How well German text is read: found fields against a gold corpus, by the definitions of the design (``evaluate``).

Each gold value is one decision. Found right is a true positive; found wrong a false positive and a false negative;
found where gold says nothing a false positive; missed a false negative. Fields are scored on offers whose gold
audience is not "none", suitability on all.
"""

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from harvesters.normalise.record import normalise
from harvesters.normalise.recurrence import Rule, RuleError, days_of, parse_rule
from schemas.geography import land_of
from schemas.geography.names import fold
from schemas.holidays import in_school_holidays, is_public_holiday
from schemas.offer import OfferFields, Price, Schedule
from schemas.vocabulary import Answer, PriceModel, ScheduleKind, Verdict
from webapp.evaluation.corpus import Corpus, Gold, OfferLine, read_corpus
from webapp.evaluation.raw import record_of, source_of

WEEKS: Final = 26
"""Weeks from ``seen_on`` over which two recurrence rules are compared."""
AGREEMENT: Final = 0.9
"""Least Jaccard index of the two sets of days."""


@dataclass
class Tally:
    """Decisions about one field."""

    true_positive: int = 0
    false_positive: int = 0
    false_negative: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.true_positive + other.true_positive,
            self.false_positive + other.false_positive,
            self.false_negative + other.false_negative,
        )

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where nothing was right."""
        total = 2 * self.true_positive + self.false_positive + self.false_negative
        return 2 * self.true_positive / total if total else 0.0

    def figures(self) -> dict[str, float]:
        """Precision, recall and F1, rounded to four places; 0 where nothing was found or expected."""
        found, expected = self.true_positive + self.false_positive, self.true_positive + self.false_negative
        return {
            "precision": round(self.true_positive / found, 4) if found else 0.0,
            "recall": round(self.true_positive / expected, 4) if expected else 0.0,
            "f1": round(self.f1, 4),
        }

    @property
    def gold(self) -> int:
        """How many gold values there are."""
        return self.true_positive + self.false_negative


def one(found: Hashable | None, gold: Hashable | None) -> Tally:
    """The decision about a single value; ``None`` is *not stated*."""
    if found is None and gold is None:
        return Tally()
    if found == gold:
        return Tally(true_positive=1)
    return Tally(false_positive=int(found is not None), false_negative=int(gold is not None))


def each(found: Collection[Hashable], gold: Collection[Hashable]) -> Tally:
    """The decisions about a set, per element."""
    right = len(set(found) & set(gold))
    return Tally(right, len(set(found)) - right, len(set(gold)) - right)


def _ages(offer: OfferFields, gold: Gold) -> Tally:
    """Minimum and maximum apart; a minimum of 0 equals *not stated*."""
    low = offer.ages.min_months if offer.ages else None
    high = offer.ages.max_months if offer.ages else None
    return one(low or None, gold.age_min_months or None) + one(high, gold.age_max_months)


def _price(offer: OfferFields, gold: Gold) -> Tally:
    """Model ("unknown" is *not stated*), amount (not for free), extra; ``adults_free`` is not scored."""
    found = offer.price if offer.price and offer.price.model is not PriceModel.UNKNOWN else None
    expected = gold.price if gold.price and gold.price.model is not PriceModel.UNKNOWN else None
    gold_price = (
        Price(model=expected.model, amount_eur=expected.amount_eur, extra_eur=expected.extra_eur) if expected else None
    )
    return (
        one(found.model if found else None, gold_price.model if gold_price else None)
        + one(_amount(found), _amount(gold_price))
        + one(found.extra_eur or None if found else None, gold_price.extra_eur or None if gold_price else None)
    )


def _amount(price: Price | None) -> float | None:
    return None if price is None or price.model is PriceModel.FREE else price.amount_eur


def _group_size(offer: OfferFields, gold: Gold) -> Tally:
    size = offer.group_size
    return one(size.children_min if size else None, gold.group_min) + one(
        size.children_max if size else None, gold.group_max
    )


def _schedule(offer: OfferFields, gold: Gold) -> Tally:
    return one(offer.schedule.kind if offer.schedule else None, gold.schedule)


def _occurrences(offer: OfferFields, gold: Gold) -> Tally:
    """To the minute; a gold occurrence without time is right by its date."""
    found = [(o.day.isoformat(), o.start.strftime("%H:%M") if o.start else "") for o in _occurrences_of(offer.schedule)]
    wanted = [(day, clock[:5]) for day, _, clock in (text.partition("T") for text in gold.occurrences)]
    left = list(dict.fromkeys(found))
    right = 0
    for day, clock in wanted:
        hit = next((o for o in left if o[0] == day and (o[1] == clock or not clock)), None)
        if hit is not None:
            left.remove(hit)
            right += 1
    return Tally(right, len(left), len(wanted) - right)


def _occurrences_of(schedule: Schedule | None) -> tuple[Any, ...]:
    return schedule.occurrences if schedule else ()


def _weekdays(offer: OfferFields, gold: Gold) -> Tally:
    """Of offers that gold holds recurring or on request."""
    if gold.schedule is ScheduleKind.DATED:
        return Tally()
    return each(offer.schedule.weekdays if offer.schedule else (), gold.weekdays)


def _languages(offer: OfferFields, gold: Gold) -> Tally:
    return each(set(offer.languages) - {"de"}, set(gold.languages) - {"de"})


def _accessibility(offer: OfferFields, gold: Gold) -> Tally:
    """Codes of what there is, in full or in part; a stated "no" is no code in gold."""
    return each([code for code, answer in offer.accessibility.items() if answer is not Answer.NO], gold.accessibility)


def _place(offer: OfferFields, gold: Gold) -> Tally:
    """Right by postcode or by locality."""
    place = offer.place
    found = place is not None and bool(place.postcode or place.locality)
    wanted = bool(gold.postal_code or gold.locality)
    if place is None or not (found and wanted):
        return Tally(false_positive=int(found), false_negative=int(wanted))
    same_postcode = place.postcode is not None and place.postcode == gold.postal_code
    same_name = bool(place.locality and gold.locality) and _town(place.locality) == _town(gold.locality)
    return Tally(true_positive=1) if same_postcode or same_name else Tally(0, 1, 1)


def _town(name: str | None) -> str:
    return fold(name or "").split("(")[0].strip()


def _cancelled(offer: OfferFields, gold: Gold) -> Tally:
    """Counts only where true."""
    return one(offer.cancelled or None, gold.cancelled or None)


_FIELDS: Final[dict[str, Callable[[OfferFields, Gold], Tally]]] = {
    "ages": _ages,
    "price": _price,
    "duration": lambda offer, gold: one(offer.duration_minutes, gold.duration_minutes),
    "group_size": _group_size,
    "modes": lambda offer, gold: each(offer.modes, gold.mode),
    "schedule": _schedule,
    "occurrences": _occurrences,
    "weekdays": _weekdays,
    "areas": lambda offer, gold: each(offer.areas, gold.topics),
    "languages": _languages,
    "accessibility": _accessibility,
    "place": _place,
    "cancelled": _cancelled,
}
FIELDS: Final = (*list(_FIELDS)[:7], "recurrence", *list(_FIELDS)[7:])
"""Scored fields in the order of the report."""


def recurrence_agrees(found: str, gold: str, *, seen_on: date, first: date | None, land: str | None) -> bool:
    """Whether two rules give the same days (Jaccard ≥ 0.9) over 26 weeks, holidays of the Land removed on both sides.

    ``first`` is the gold occurrence. A gold rule with COUNT starts there; without one, and where neither rule has a
    day in those weeks, FREQ, BYDAY, BYMONTH and COUNT are compared instead.
    """
    try:
        ours, theirs = parse_rule(found), parse_rule(gold)
    except RuleError:
        return False
    if theirs.count is not None and first is None:
        return _parts(ours) == _parts(theirs)
    start = first or seen_on
    mine, other = _days(ours, start, seen_on, land), _days(theirs, start, seen_on, land)
    if not mine and not other:
        return (*_parts(ours), ours.by_month) == (*_parts(theirs), theirs.by_month)
    return len(mine & other) / len(mine | other) >= AGREEMENT


def _parts(rule: Rule) -> tuple[object, ...]:
    return rule.frequency, frozenset(rule.by_day), rule.count


def _days(rule: Rule, start: date, seen_on: date, land: str | None) -> set[date]:
    last = seen_on + timedelta(weeks=WEEKS)
    days = (day for day in days_of(rule, start, last) if day >= seen_on)
    if land is None:
        return set(days)
    return {day for day in days if not is_public_holiday(day, land) and not in_school_holidays(day, land)}


def _recurrence(offer: OfferFields, line: OfferLine, land: str | None) -> Tally:
    """One decision per offer."""
    rule = offer.schedule.recurrence.rule if offer.schedule and offer.schedule.recurrence else None
    gold = line.gold.recurrence
    if rule is None or gold is None:
        return one(rule, gold)
    first = date.fromisoformat(line.gold.occurrences[0][:10]) if line.gold.occurrences else None
    agrees = recurrence_agrees(rule, gold, seen_on=line.seen_on, first=first, land=land)
    return Tally(true_positive=1) if agrees else Tally(0, 1, 1)


def score(offer: OfferFields, line: OfferLine, land: str | None) -> dict[str, Tally]:
    """Decisions about every field of one offer."""
    tallies = {name: judge(offer, line.gold) for name, judge in _FIELDS.items()}
    tallies["recurrence"] = _recurrence(offer, line, land)
    return tallies


def suitability(offer: OfferFields, gold: Gold) -> Tally:
    """Class "yes"; unsure is not yes."""
    verdict = offer.kita_suitability
    yes = verdict is not None and verdict.verdict is Verdict.YES
    return one(yes or None, gold.suitable_for_kita or None)


def evaluate_extraction(corpus_dir: Path) -> dict[str, Any]:
    """Read every text of a corpus and compare with its gold; the document of ``kitalotse evaluate extraction --json``.

    Raises ``CorpusError`` where the folder is no corpus.
    """
    return evaluate(read_corpus(corpus_dir))


def evaluate(corpus: Corpus) -> dict[str, Any]:
    """The same for a corpus that has been read."""
    land = land_of(corpus.region)
    fields = {name: Tally() for name in FIELDS}
    suited = Tally()
    source = source_of(corpus)
    for line in corpus.lines:
        offer = normalise(record_of(line), source, today=line.seen_on).offer.fields
        suited += suitability(offer, line.gold)
        if line.gold.audience == "none":
            continue
        for name, tally in score(offer, line, land).items():
            fields[name] += tally
    micro = sum(fields.values(), start=Tally())
    return {
        "corpus": corpus.name,
        "n": len(corpus.lines),
        "micro": micro.figures(),
        "fields": {name: {**tally.figures(), "n": tally.gold} for name, tally in fields.items()},
        "suitability": {**suited.figures(), "n": suited.gold},
    }
