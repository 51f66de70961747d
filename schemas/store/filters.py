"""The filters of ``OfferQuery`` as conditions of SQL, each under the name of its field.

What an offer does not state is neither a yes nor a no (law 3): filters on age, cost, place, time and size of the group
let it pass, and ``unstated`` finds those that did. Filters on what an offer *is* (areas, in the Kita …) do not.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, column, func, literal_column, or_, select, table, true
from sqlalchemy.orm import Session
from sqlalchemy.types import Integer

from schemas.columns import CIRCLE, NO_AGE, bits, month_bits, squared_chord, unit_vector
from schemas.store.query import OfferQuery
from schemas.tables.offers import published, published_days, published_reach, published_words
from schemas.vocabulary import Mode, Status, Weekday

SHORT: Final = 3
"""Words shorter than this are found whole only, longer ones also as beginnings (``Wald`` finds ``Waldpädagogik``)."""

SHOWN: Final[ColumnElement[bool]] = published.c.status == Status.PUBLISHED.value
"""What lists show: published offers; cancelled ones have their own page only."""


def filters(query: OfferQuery) -> dict[str, ColumnElement[bool]]:
    """Conditions by name of the field, without words and ``home``; what is cheap and leaves little comes first, for
    SQLite asks in this order.
    """
    c = published.c
    found: dict[str, ColumnElement[bool]] = {}
    if query.areas:
        found["areas"] = c.areas.op("&")(bits(query.areas)) != 0
    if query.modes:
        found["modes"] = c.modes.op("&")(bits(query.modes)) != 0
    if query.in_kita is not None:
        in_kita = bits((Mode.IN_KITA,))
        found["in_kita"] = c.modes.op("&")(in_kita) != 0 if query.in_kita else c.modes != in_kita
    if query.kinds:
        found["kinds"] = c.kind.in_([kind.value for kind in query.kinds])
    if query.topics:
        found["topics"] = c.topics.op("&")(bits(query.topics)) != 0
    if query.on_request is not None:
        found["on_request"] = c.on_request == query.on_request
    if query.provider is not None:
        found["provider"] = c.provider == query.provider
    if query.provider_key is not None:
        found["provider_key"] = c.provider_key == query.provider_key
    if query.age_months is not None:
        found["age_months"] = and_(c.min_months <= query.age_months, c.max_months >= query.age_months)
    if query.group is not None:
        found["group"] = or_(c.group_max.is_(None), c.group_max >= query.group)
    if query.weekday is not None:
        found["weekday"] = _has_or_unknown(c.weekdays, bits((query.weekday,)))
    if query.max_cost_eur is not None:
        shared = c.cost_child + c.cost_group / query.children
        found["max_cost_eur"] = or_(c.cost_child.is_(None), shared <= query.max_cost_eur + 1e-9)
    if query.max_group_eur is not None:
        together = c.cost_child * query.children + c.cost_group
        found["max_group_eur"] = or_(c.cost_child.is_(None), together <= query.max_group_eur + 1e-9)
    if query.region is not None:
        found["region"] = c.region.startswith(query.region)
    if query.near is not None and query.radius_km is not None:
        passes: ColumnElement[bool] = or_(c.x.is_(None), c.reach_unknown)
        if query.home is not None:
            passes = and_(passes, c.region.startswith(query.home))
        found["near"] = or_(_surely_near(query), passes)
    if query.on_day is not None:
        found["on_day"] = _possible_on(query.on_day)
    return found


def at_home(query: OfferQuery) -> ColumnElement[bool]:
    """Whether an offer is of the query's own Region."""
    return true() if query.home is None else published.c.region.startswith(query.home)


def unstated(query: OfferQuery) -> dict[str, ColumnElement[bool]]:
    """Conditions for offers that a filter lets pass because they state nothing on it, by name of the filter."""
    c = published.c
    known = {
        "age_months": c.min_months == NO_AGE,
        "group": c.group_max.is_(None),
        "weekday": c.weekdays == 0,
        "max_cost_eur": c.cost_child.is_(None),
        "max_group_eur": c.cost_child.is_(None),
        "on_day": and_(~c.dated, c.weekdays == 0),
    }
    found = {name: condition for name, condition in known.items() if getattr(query, name) is not None}
    if query.near is not None:
        found["near"] = c.x.is_(None) if query.radius_km is None else ~func.coalesce(_surely_near(query), False)
    return found


def squared_distance(near: tuple[float, float]) -> ColumnElement[float]:
    """The square of the chord from ``near`` to the place of an offer; NULL where that is unknown."""
    c = published.c
    return _squared(c.x, c.y, c.z, near)


def word_filter(session: Session, terms: Sequence[str]) -> ColumnElement[bool]:
    """Whether an offer has all ``terms``."""
    if session.get_bind().dialect.name == "sqlite":
        index = table("published_search", column("rowid", Integer))
        found = select(index.c.rowid).where(literal_column("published_search").op("MATCH")(match_words(terms)))
        return published.c.row.in_(found)
    vector: ColumnElement[Any] = literal_column("published_words.published_search")
    return published.c.row.in_(select(published_words.c.row).where(vector.op("@@")(wanted_words(terms))))


def match_words(terms: Sequence[str]) -> str:
    """``terms`` as a query of FTS5."""
    return " ".join(f'"{term}"*' if len(term) >= SHORT else f'"{term}"' for term in terms)


def wanted_words(terms: Sequence[str]) -> ColumnElement[Any]:
    """``terms`` as a query of PostgreSQL."""
    asked = " & ".join(f"'{term}':*" if len(term) >= SHORT else f"'{term}'" for term in terms)
    return func.to_tsquery(literal_column("'simple'"), asked)


def as_number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """1 where ``condition`` holds, else 0."""
    return case((condition, 1), else_=0)


def _surely_near(query: OfferQuery) -> ColumnElement[bool]:
    """Whether the place lies within the radius, or a mobile offer says that it goes there."""
    assert query.near is not None
    assert query.radius_km is not None
    c = published_reach.c
    covers = and_(c.key == CIRCLE, _squared(c.x, c.y, c.z, query.near) <= c.chord)
    if query.near_key is not None:
        beginnings = [query.near_key[:length] for length in range(2, len(query.near_key) + 1)]
        covers = or_(covers, c.key.in_(beginnings))
    goes_there = published.c.row.in_(select(c.row).where(covers))
    mobile = published.c.modes.op("&")(bits((Mode.IN_KITA,))) != 0
    return or_(squared_distance(query.near) <= squared_chord(query.radius_km), and_(mobile, goes_there))


def _possible_on(day: date) -> ColumnElement[bool]:
    c = published.c
    dated = c.row.in_(select(published_days.c.row).where(published_days.c.day == day))
    otherwise = and_(
        ~c.dated,
        _has_or_unknown(c.weekdays, bits((tuple(Weekday)[day.weekday()],))),
        _has_or_unknown(c.months, month_bits((day.month,))),
        or_(c.first_day.is_(None), c.first_day <= day),
        or_(c.last_day.is_(None), c.last_day >= day),
    )
    return or_(otherwise, and_(c.dated, dated))


def _has_or_unknown(column: ColumnElement[int], bit: int) -> ColumnElement[bool]:
    return or_(column == 0, column.op("&")(bit) != 0)


def _squared(
    x: ColumnElement[Any], y: ColumnElement[Any], z: ColumnElement[Any], near: tuple[float, float]
) -> ColumnElement[float]:
    a, b, c = unit_vector(*near)
    return (x - a) * (x - a) + (y - b) * (y - b) + (z - c) * (z - c)
