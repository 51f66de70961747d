"""How often the offers of a source state what, now and in its former runs."""

from collections.abc import Collection
from typing import Final

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from schemas.filling import Tally
from schemas.harvest import FillRates, RunStatus
from schemas.offer import SourceKey
from schemas.tables.harvest import runs, source_offers

DAYS: Final = 20
"""Days with a run that are looked back upon."""
_RUNS: Final = 500
"""Most runs among which they are sought."""


def tally_stored(session: Session, source_name: str, keys: Collection[SourceKey], tally: Tally) -> None:
    """Add to ``tally`` what is stored of ``keys``."""
    c = source_offers.c
    query = select(c.key, c.part, c.data).where(c.source == source_name).execution_options(yield_per=500)
    wanted = {(key.key, key.part) for key in keys}
    for key, part, data in session.execute(query):
        if (key, part) in wanted:
            tally.add_json(orjson.loads(data)["fields"])


def former_fills(session: Session, source_name: str) -> list[FillRates]:
    """What was counted in the last whole run of each of the last days that had one, the newest first."""
    c = runs.c
    whole = (
        select(c.id, c.started_at)
        .where(c.source == source_name, c.status.in_((RunStatus.COMPLETE, RunStatus.UNCHANGED)), c.fill.is_not(None))
        .order_by(c.id.desc())
        .limit(_RUNS)
        .subquery()
    )
    last = func.max(whole.c.id)
    of_days = select(last).group_by(func.date(whole.c.started_at)).order_by(last.desc()).limit(DAYS)
    found = session.scalars(select(c.fill).where(c.id.in_(of_days)).order_by(c.id.desc()))
    return [FillRates.model_validate(fill) for fill in found]


def last_fill(session: Session, source_name: str) -> FillRates | None:
    """What was counted in the latest run, if that was a whole one: of nothing else is "as before" true."""
    c = runs.c
    ended = (c.source == source_name, c.status.not_in((RunStatus.RUNNING, RunStatus.FAILED, RunStatus.EXCLUDED)))
    last = session.execute(select(c.status, c.fill).where(*ended).order_by(c.id.desc()).limit(1)).one_or_none()
    if last is None or last.fill is None or last.status == RunStatus.INCOMPLETE:
        return None
    return FillRates.model_validate(last.fill)
