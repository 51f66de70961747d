"""Hard rules: what a Kita cannot take up is removed, with the rule's name and a German sentence. Unknown passes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, overload

import numpy as np

from recommender.context import Context
from recommender.features import ENOUGH_OVERLAP, Fit
from recommender.index import ACCESS_NO, DATED, NEEDS, Bools, Ints, OfferIndex, language_bits
from recommender.twins import twins_of
from schemas.recommendation import Removed
from schemas.vocabulary import Answered
from schemas.wording import day_words, distance_words, euro_words

BUDGET_TOLERANCE: Final = 1.05
"""Costs up to this multiple of the budget pass: a flat fee shared by a child less must not hide an offer."""
SIZE_TOLERANCE: Final = 1.25
"""Children of an age are estimated evenly over the months of mixed groups; so much more may be there."""
ANSWERED_FOR_GOOD: Final = frozenset({Answered.NOT_FOR_US, Answered.ALREADY_DID, Answered.BOOKED})
"""Answers after which an offer does not come again."""


@dataclass(frozen=True)
class Rule:
    """One hard rule."""

    name: str
    """Its name, as kept in ``Removed.rule``."""
    removes: Callable[[Fit, OfferIndex, Context], Bools]
    """Which offers it removes."""
    summary: str
    """Why, in German, for any offer."""
    detail: Callable[[Fit, OfferIndex, int], str] | None = None
    """Why, in German, with the figures of the offer in one row."""

    def words(self, fit: Fit, index: OfferIndex, row: int) -> str:
        """Why it removes the offer in one row."""
        return self.detail(fit, index, row) if self.detail else self.summary


def _unavailable(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    return index.unavailable


def _booked(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    return np.asarray(index.booked >= 0)


def _not_for_groups(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    return ~index.for_groups


def _past(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    dated = (index.schedule == DATED) & index.dated
    return np.asarray((dated & ~fit.open_dates) | (~dated & (index.left < 0)))


def _no_groups(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    return np.full(len(index), not fit.view.groups)


def _audience(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    return np.asarray(~fit.audience.any(axis=0))


def _age(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    return np.asarray(~(fit.audience & ((fit.overlap >= ENOUGH_OVERLAP) | ~index.age_known)).any(axis=0))


def _hours(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    return np.asarray(~fit.takes.any(axis=0))


def _booking_closed(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    return np.asarray((index.booking_closes < 0) | ((index.schedule != DATED) & (index.left < index.lead_days)))


def _reach(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    return ~fit.online & ~fit.may_come & ~fit.may_go


def _budget(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    budget = fit.view.kita.max_cost_per_child_eur
    if budget is None:
        return np.zeros(len(index), dtype=np.bool_)
    return np.asarray(~index.donation & (fit.base_cost > budget * BUDGET_TOLERANCE))


def _too_few(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    return np.asarray(index.min_children > np.ceil(fit.children * SIZE_TOLERANCE))


def _access(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    needed = [NEEDS.index(need) for need in fit.view.kita.needs]
    return np.asarray((index.access[:, needed] == ACCESS_NO).any(axis=1)) & ~fit.may_come


def _language(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    return np.asarray(index.only_foreign & ((index.languages & language_bits(fit.view.kita.languages)) == 0))


def _answered(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    removed = np.zeros(len(index), dtype=np.bool_)
    for answer in context.feedback:
        if answer.kita == fit.view.kita.id and answer.offer in index.rows:
            waits = answer.answer is Answered.LATER and (answer.later_from is None or answer.later_from > context.today)
            if waits or answer.answer in ANSWERED_FOR_GOOD:
                removed |= twins_of(index, index.rows[answer.offer])
    return removed


def _used(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    return _with_twins(index, fit.view.kita.already_used)


def _sent(fit: Fit, index: OfferIndex, context: Context) -> Bools:
    return _with_twins(index, context.sent)


def _with_twins(index: OfferIndex, ids: Sequence[str] | frozenset[str]) -> Bools:
    removed = np.zeros(len(index), dtype=np.bool_)
    for offer in sorted(ids):
        if offer in index.rows:
            removed |= twins_of(index, index.rows[offer])
    return removed


def _words_booked(fit: Fit, index: OfferIndex, row: int) -> str:
    until = index.today + timedelta(days=int(index.booked[row]))
    return f"Der Anbieter ist belegt bis {day_words(until, weekday='none')}."


def _words_reach(fit: Fit, index: OfferIndex, row: int) -> str:
    if fit.mobile[row] and not fit.visit[row]:
        return "Kommt nicht bis zu Ihnen: Ihr Ort liegt außerhalb des Einsatzgebiets."
    if not fit.visit[row]:
        return "Kommt nur in die Kita; Sie haben angegeben, dass Sie das nicht möchten."
    return (
        f"Etwa {distance_words(fit.road_km[row])} entfernt; Sie fahren höchstens {distance_words(fit.view.reach_km)}."
    )


def _words_budget(fit: Fit, index: OfferIndex, row: int) -> str:
    budget = fit.view.kita.max_cost_per_child_eur or 0.0
    return f"Kostet {euro_words(fit.base_cost[row])} pro Kind; Ihr Rahmen ist {euro_words(budget)}."


def _words_few(fit: Fit, index: OfferIndex, row: int) -> str:
    return f"Erst ab {index.min_children[row]:.0f} Kindern; in diesem Alter haben Sie etwa {fit.children[row]:.0f}."


RULES: Final = (
    Rule("unavailable", _unavailable, "Abgesagt, ausgebucht oder nicht mehr im Angebot."),
    Rule("booked", _booked, "Der Anbieter ist zurzeit ganz belegt.", _words_booked),
    Rule("not_for_groups", _not_for_groups, "Richtet sich an Fachkräfte, nicht an Kindergruppen."),
    Rule("past", _past, "Alle Termine sind vorbei."),
    Rule("no_groups", _no_groups, "Im Profil Ihrer Kita ist noch keine Gruppe eingetragen."),
    Rule("audience", _audience, "Nicht für Gruppen wie Ihre gedacht."),
    Rule("age", _age, "Für keine Ihrer Gruppen im richtigen Alter."),
    Rule("used", _used, "Haben Sie schon genutzt."),
    Rule("answered", _answered, "Haben Sie schon beantwortet."),
    Rule("sent", _sent, "Haben wir Ihnen schon geschickt."),
    Rule("dates", _hours, "Kein Termin zu Zeiten, in denen Ihre Gruppen können."),
    Rule("booking_closed", _booking_closed, "Die Anmeldung ist nicht mehr möglich."),
    Rule("reach", _reach, "Zu weit entfernt oder außerhalb des Einsatzgebiets.", _words_reach),
    Rule("budget", _budget, "Teurer als Ihr Rahmen pro Kind.", _words_budget),
    Rule("group_size", _too_few, "Mehr Kinder nötig, als Sie in diesem Alter haben.", _words_few),
    Rule("access", _access, "Ohne die Barrierefreiheit, die Ihre Kita braucht."),
    Rule("language", _language, "Findet nur in einer Sprache statt, die in Ihrer Kita nicht gesprochen wird."),
)
"""All rules in the order in which they are named: of several that remove an offer the first one is given."""


def first_rule(fit: Fit, index: OfferIndex, context: Context) -> Ints:
    """Per offer the place in ``RULES`` of the first rule that removes it, -1 where none does."""
    first = np.full(len(index), -1, dtype=np.int64)
    for position in reversed(range(len(RULES))):
        first[RULES[position].removes(fit, index, context)] = position
    return first


class Removals(Sequence[Removed]):
    """What the rules removed for one Kita, in order of the ids; sentences are made when looked at."""

    def __init__(self, fit: Fit, index: OfferIndex, rule: Ints) -> None:
        self._fit, self._index, self._rule = fit, index, rule
        self._rows = np.flatnonzero(rule >= 0)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, position: int) -> Removed: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[Removed]: ...
    def __getitem__(self, position: int | slice) -> Removed | Sequence[Removed]:
        if isinstance(position, slice):
            return [self._removed(int(row)) for row in self._rows[position]]
        return self._removed(int(self._rows[position]))

    def __iter__(self) -> Iterator[Removed]:
        return (self._removed(int(row)) for row in self._rows)

    def counts(self) -> dict[str, int]:
        """How many offers each rule removed, rules without any left out."""
        numbers = np.bincount(self._rule[self._rows], minlength=len(RULES))
        return {rule.name: int(number) for rule, number in zip(RULES, numbers, strict=True) if number}

    def _removed(self, row: int) -> Removed:
        rule = RULES[self._rule[row]]
        return Removed(offer=self._index.offers[row].id, rule=rule.name, words=rule.words(self._fit, self._index, row))
