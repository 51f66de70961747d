"""Lists of published offers: filtered by narrow columns, searched by words, ordered by what was asked for.

What an offer does not state is neither a yes nor a no (law 3): filters on age, cost, place and time let it pass, and
``OfferPage.unknown`` says which of them it could not answer. Filters on what it *is* (areas, in the Kita …) do not.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from pydantic import Field
from sqlalchemy import ColumnElement, Integer, Select, and_, column, func, literal_column, or_, select, table
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.columns import bits, month_bits, squared_chord, unit_vector
from schemas.publish import PublicOffer
from schemas.search import tokens
from schemas.tables.offers import published, published_bytes, published_days, published_words
from schemas.vocabulary import Area, Kind, Mode, Status, Weekday

MAX_TOKENS: Final = 12
"""Words of a query that are used."""

_SHORT: Final = 3
"""Words shorter than this are found whole only, longer ones also as beginnings (``Wald`` finds ``Waldpädagogik``)."""


class OfferQuery(Value):
    """What somebody looks for; everything absent is no filter."""

    words: str | None = Field(None, max_length=400)
    """Words that must all occur."""
    age_months: int | None = Field(None, ge=0, le=1200)
    """Age of a child in months."""
    near: tuple[float, float] | None = None
    """Latitude and longitude to be near to; results are ordered by distance."""
    radius_km: float | None = Field(None, gt=0, le=20_000)
    """How far the place may be, as the crow flies; counts only with ``near``."""
    weekday: Weekday | None = None
    """Day of the week on which it must be possible."""
    in_kita: bool | None = None
    """Whether it must come to the Kita, or must not."""
    max_cost_eur: float | None = Field(None, ge=0)
    """Most euro per child."""
    children: int = Field(15, ge=1, le=10_000)
    """Children among whom a group's price is shared."""
    areas: tuple[Area, ...] = ()
    """Areas of learning, at least one of them."""
    kinds: tuple[Kind, ...] = ()
    """Kinds of offer, one of them."""
    modes: tuple[Mode, ...] = ()
    """Where it takes place, at least one of them."""
    region: str | None = Field(None, pattern=r"^\d{2,8}$")
    """Official key, or the beginning of one."""
    on_request: bool | None = None
    """Whether it must be by arrangement, or must not."""
    on_day: date | None = None
    """Day on which it must be possible."""
    provider: str | None = Field(None, max_length=200)
    """Name of the provider, exactly."""


class OfferPage(Value):
    """One page of a list."""

    offers: list[PublicOffer]
    """In order."""
    total: int
    """How many there are on all pages."""
    unknown: list[tuple[str, ...]]
    """For each offer the filters (names of ``OfferQuery``) that it passed because it states nothing on them."""


def search_offers(session: Session, query: OfferQuery, *, limit: int = 20, offset: int = 0) -> OfferPage:
    """Published offers that ``query`` finds: best match first with ``words``, nearest first with ``near``, else the
    newest first.
    """
    terms = tokens(query.words or "")[:MAX_TOKENS]
    if query.words and not terms:
        return OfferPage(offers=[], total=0, unknown=[])
    rows, total = _page(session, query, terms, limit, offset)
    lines = select(published_bytes.c.row, published_bytes.c.line, published.c.last_seen).join(
        published, published.c.row == published_bytes.c.row
    )
    found = {
        row: PublicOffer.model_validate_json(line).model_copy(update={"last_seen": seen})
        for row, line, seen in session.execute(lines.where(published_bytes.c.row.in_(rows)))
    }
    offers = [found[row] for row in rows]
    return OfferPage.model_construct(offers=offers, total=total, unknown=[unanswered(query, offer) for offer in offers])


def unanswered(query: OfferQuery, offer: PublicOffer) -> tuple[str, ...]:
    """Filters of ``query`` on which ``offer`` states nothing."""
    schedule, place, price = offer.schedule, offer.place, offer.price
    stated = {
        "age_months": offer.ages is not None,
        "near": place is not None and place.lat is not None and place.lon is not None,
        "max_cost_eur": price is not None and price.per_child(query.children) is not None,
        "weekday": schedule is not None and bool(schedule.weekdays or schedule.occurrences),
        "on_day": schedule is not None and bool(schedule.weekdays or schedule.occurrences),
    }
    return tuple(name for name, answers in stated.items() if getattr(query, name) is not None and not answers)


def _page(session: Session, query: OfferQuery, terms: Sequence[str], limit: int, offset: int) -> tuple[list[int], int]:
    """Rows of one page, and how many there are on all pages."""
    matching = select(published.c.row).where(*_conditions(query))
    order: list[Any] = []
    if terms:
        matching, relevance = _with_words(session, matching, terms)
        order.append(relevance)
    if query.near is not None:
        order.append(_squared_distance(query.near).nulls_last())
    page = matching.order_by(*order, published.c.row.desc()).limit(limit).offset(offset)
    if order:  # everything that matches is looked at anyway, so count it on the way
        found = session.execute(page.add_columns(func.count().over())).all()
        if found or not offset:
            return [row for row, _ in found], found[0][1] if found else 0
    else:
        found = session.execute(page).all()
    total: int = session.execute(matching.with_only_columns(func.count())).scalar_one()
    return [row for row, *_ in found], total


def _conditions(query: OfferQuery) -> list[ColumnElement[bool]]:
    c = published.c
    found: list[ColumnElement[bool]] = [c.status == Status.PUBLISHED.value]
    # SQLite asks in this order: what is cheap and leaves little comes first.
    if query.areas:
        found.append(c.areas.op("&")(bits(query.areas)) != 0)
    if query.modes:
        found.append(c.modes.op("&")(bits(query.modes)) != 0)
    if query.in_kita is not None:
        in_kita = bits((Mode.IN_KITA,))
        found.append(c.modes.op("&")(in_kita) != 0 if query.in_kita else c.modes != in_kita)
    if query.kinds:
        found.append(c.kind.in_([kind.value for kind in query.kinds]))
    if query.on_request is not None:
        found.append(c.on_request == query.on_request)
    if query.provider is not None:
        found.append(c.provider == query.provider)
    if query.age_months is not None:
        found += [c.min_months <= query.age_months, c.max_months >= query.age_months]
    if query.weekday is not None:
        found.append(_has_or_unknown(c.weekdays, bits((query.weekday,))))
    if query.max_cost_eur is not None:
        shared = c.cost_child + c.cost_group / query.children
        found.append(or_(c.cost_child.is_(None), shared <= query.max_cost_eur + 1e-9))
    if query.region is not None:
        found.append(c.region.startswith(query.region))
    if query.near is not None and query.radius_km is not None:
        found.append(or_(c.x.is_(None), _squared_distance(query.near) <= squared_chord(query.radius_km)))
    if query.on_day is not None:
        found.append(_possible_on(query.on_day))
    return found


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


def _squared_distance(near: tuple[float, float]) -> ColumnElement[float]:
    c = published.c
    x, y, z = unit_vector(*near)
    return (c.x - x) * (c.x - x) + (c.y - y) * (c.y - y) + (c.z - z) * (c.z - z)


def _with_words(session: Session, matching: Select[Any], terms: Sequence[str]) -> tuple[Select[Any], Any]:
    """``matching`` limited to offers with all ``terms``, and the order that puts the best first (titles count more)."""
    if session.get_bind().dialect.name == "sqlite":
        asked = " ".join(f'"{term}"*' if len(term) >= _SHORT else f'"{term}"' for term in terms)
        index = table("published_search", column("rowid", Integer))
        score: ColumnElement[float] = literal_column("bm25(published_search, 8.0, 1.0)")
        found = select(index.c.rowid, score.label("score")).where(literal_column("published_search").op("MATCH")(asked))
        hits = found.cte("hits").prefix_with("MATERIALIZED")  # else SQLite asks the index once per offer
        return matching.join(hits, hits.c.rowid == published.c.row), hits.c.score
    asked = " & ".join(f"'{term}':*" if len(term) >= _SHORT else f"'{term}'" for term in terms)
    vector: ColumnElement[Any] = literal_column("published_words.published_search")
    wanted = func.to_tsquery(literal_column("'simple'"), asked)
    matching = matching.join(published_words, published_words.c.row == published.c.row).where(vector.op("@@")(wanted))
    return matching, func.ts_rank(vector, wanted).desc()
