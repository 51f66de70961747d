"""Lists of published offers: filtered by narrow columns, searched by words, ordered by what was asked for.

``OfferPage.unknown`` and ``unstated`` say which filters an offer passed only because it states nothing on them.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, Select, column, func, literal_column, or_, select, table
from sqlalchemy.orm import Session

from schemas.publish import PublicOffer
from schemas.search import tokens
from schemas.store.filters import (
    SHOWN,
    as_number,
    at_home,
    filters,
    match_words,
    squared_distance,
    unstated,
    wanted_words,
    word_filter,
)
from schemas.store.query import OfferPage, OfferQuery, unanswered
from schemas.stored import ended
from schemas.tables.offers import exported_ndjson, published, published_bytes, published_days, published_words

ON_PAGES: Final = published.join(published_bytes, published_bytes.c.row == published.c.row).join(
    exported_ndjson, exported_ndjson.c.row == published.c.row
)
LINE: Final = func.coalesce(published_bytes.c.on_pages, exported_ndjson.c.body)
"""Public JSON of an offer as pages show it, but for its end."""
MAX_TOKENS: Final = 12
"""Words of a query that are used."""


def search_offers(session: Session, query: OfferQuery, *, limit: int = 20, offset: int = 0) -> OfferPage:
    """Published offers that ``query`` finds, in the order of ``query.sort``."""
    terms = tokens(query.words or "")[:MAX_TOKENS]
    if query.words and not terms:
        return OfferPage(offers=[], total=0, unknown=[])
    rows, total, open_questions = _page(session, query, terms, limit, offset)
    found = public_offers(session, rows)
    offers = [found[row] for row in rows]
    return OfferPage.model_construct(
        offers=offers,
        total=total,
        unknown=[unanswered(query, offer) for offer in offers],
        unstated=open_questions,
    )


def public_offers(session: Session, rows: Sequence[int]) -> dict[int, PublicOffer]:
    """Published offers by the numbers of their rows."""
    lines = select(published.c.row, LINE, published.c.last_seen).select_from(ON_PAGES)
    return {
        row: PublicOffer.model_validate_json(ended(line)).model_copy(update={"last_seen": seen})
        for row, line, seen in session.execute(lines.where(published.c.row.in_(rows)))
    }


def without_one_filter(session: Session, query: OfferQuery) -> dict[str, int]:
    """For each filter of ``query`` (by its field) how many offers would be found without it, all others standing.

    For a list that is empty; looks at every published offer once. Filters that would not help are left out.
    """
    terms = tokens(query.words or "")[:MAX_TOKENS]
    conditions = filters(query)
    if terms:
        conditions["words"] = word_filter(session, terms)
    names = list(conditions)
    fails = [(1 - as_number(condition)).label(f"fails_{n}") for n, condition in enumerate(conditions.values())]
    looking = select(*fails, as_number(at_home(query)).label("at_home")).where(SHOWN)
    # The offset keeps PostgreSQL from asking each condition anew wherever its answer is used, words among them.
    looked = looking.offset(0).subquery()
    flags = [looked.c[f"fails_{n}"] for n in range(len(names))]
    if not flags:
        return {}
    which: Any = sum((flag * (n + 1) for n, flag in enumerate(flags)), start=literal_column("0"))
    at_fault: Any = sum(flags, start=literal_column("0"))
    # Beyond the Region an offer counts only where it is surely near, so not once that filter is dropped.
    near = looked.c[f"fails_{names.index('near')}"] == 0 if "near" in names else literal_column("0") == 1
    counted = select(which, func.count()).where(at_fault == 1, or_(looked.c.at_home == 1, near)).group_by(which)
    return {names[number - 1]: count for number, count in session.execute(counted)}


def _page(
    session: Session, query: OfferQuery, terms: Sequence[str], limit: int, offset: int
) -> tuple[list[int], int, dict[str, int]]:
    """Rows of one page, how many there are on all pages, and how many of them each filter let pass unanswered."""
    matching, order = _ordered(session, query, terms)
    if not order:
        newest = matching.order_by(published.c.row.desc()).limit(limit).offset(offset)
        return [row for row, *_ in session.execute(newest)], *_counted(session, query, terms)
    # Everything that matches is looked at anyway: it is found once, then counted and sorted.
    questions = {name: as_number(condition).label(f"open_{name}") for name, condition in unstated(query).items()}
    keys = [key.label(f"key_{n}") for n, key in enumerate(order)]
    found = matching.add_columns(*keys, *questions.values()).cte("found").prefix_with("MATERIALIZED")
    counts = [select(func.count()).select_from(found).scalar_subquery()]
    counts += [select(func.sum(found.c[f"open_{name}"])).scalar_subquery() for name in questions]
    sorting = [found.c[f"key_{n}"].asc().nulls_last() for n in range(len(keys))]
    page = select(found.c.row, *counts).order_by(*sorting, found.c.row.desc()).limit(limit).offset(offset)
    rows = session.execute(page).all()
    if not rows:
        return [], *(_counted(session, query, terms) if offset else (0, {}))
    _, total, *sums = rows[0]
    return [row for row, *_ in rows], total, {name: n for name, n in zip(questions, sums, strict=True) if n}


def _ordered(session: Session, query: OfferQuery, terms: Sequence[str]) -> tuple[Select[Any], list[Any]]:
    """Rows that match, and the keys to sort them by before the newest come first; unknown keys go last."""
    matching = select(published.c.row).where(*_conditions(query))
    order: list[Any] = []
    if terms:
        matching, relevance = _with_words(session, matching, terms)
        order.append(relevance)
    if query.near is not None:
        nearest = squared_distance(query.near)
        order = [nearest, *order] if query.sort == "nearest" else [*order, nearest]
    if query.sort == "next_date":
        coming = select(published_days.c.row, func.min(published_days.c.day).label("day"))
        first = coming.where(published_days.c.day >= query.today).group_by(published_days.c.row).subquery()
        matching = matching.outerjoin(first, first.c.row == published.c.row)
        order = [first.c.day, *order]
    return matching, [] if query.sort == "newest" else order


def _counted(session: Session, query: OfferQuery, terms: Sequence[str]) -> tuple[int, dict[str, int]]:
    """How many match, and how many of them passed a filter because they state nothing on it."""
    questions = unstated(query)
    sums = [func.sum(as_number(condition)) for condition in questions.values()]
    counts = select(func.count(), *sums).select_from(published).where(*_conditions(query))
    if terms:
        counts = counts.where(word_filter(session, terms))
    total, *found = session.execute(counts).one()
    return total, {name: count for name, count in zip(questions, found, strict=True) if count}


def _conditions(query: OfferQuery) -> list[ColumnElement[bool]]:
    conditions = filters(query)
    # The filter on nearness knows the Region itself: what is surely near may be of another.
    home = [] if query.home is None or "near" in conditions else [at_home(query)]
    return [SHOWN, *conditions.values(), *home]


def _with_words(session: Session, matching: Select[Any], terms: Sequence[str]) -> tuple[Select[Any], Any]:
    """``matching`` limited to offers with all ``terms``, and the order that puts the best first (titles count more)."""
    if session.get_bind().dialect.name == "sqlite":
        index = table("published_search", column("rowid", Integer))
        asked = literal_column("published_search").op("MATCH")(match_words(terms))
        # The sum cannot be looked up, so SQLite begins with the words, and scores only what the filters leave.
        matching = matching.join(index, published.c.row == index.c.rowid + 0).where(asked)
        return matching, literal_column("bm25(published_search, 8.0, 1.0)")
    vector: ColumnElement[Any] = literal_column("published_words.published_search")
    wanted = wanted_words(terms)
    matching = matching.join(published_words, published_words.c.row == published.c.row).where(vector.op("@@")(wanted))
    return matching, -func.ts_rank(vector, wanted)
