"""Stopping a week: the Kitas of one Region get no weekly mail until a coordinator lets it go after all.

Mails already written are taken out of the ledger as long as nobody can have them; when the stop is taken back they are
written anew, with what has been corrected meanwhile. What has been sent stays sent.
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Final

from sqlalchemy.orm import Session

from schemas.clock import BERLIN, local, monday_of, week_of
from schemas.region import Region
from schemas.store.audit import note
from schemas.store.digests import withdraw_unsent
from schemas.store.kitas import kita_keys
from schemas.store.weeks import stop_week, stopped_regions, undo_stop
from schemas.store.work import add_work
from webapp.regions import region_of

MAILED_AT: Final = time(7)
"""When the mails of a week are written and sent, on its Monday in Berlin (job ``digest``)."""


def mailed_at(week: str) -> datetime:
    """The moment at which the mails of ``week`` are written."""
    return datetime.combine(monday_of(week), MAILED_AT, BERLIN)


def week_ahead(now: datetime) -> str:
    """The week whose mails come next."""
    this = week_of(local(now).date())
    return this if now < mailed_at(this) else week_of(local(now).date() + timedelta(days=7))


def held_back(session: Session, regions: Mapping[str, Region]) -> dict[str, frozenset[str]]:
    """Official keys of Kitas whose Region is stopped, by week."""
    stopped = stopped_regions(session)
    if not stopped:
        return {}
    owner = {key: region.key for key in kita_keys(session) if (region := region_of(key, regions)) is not None}
    return {week: frozenset(key for key, own in owner.items() if own in keys) for week, keys in stopped.items()}


def stop(session: Session, region: Region, regions: Mapping[str, Region], week: str, *, by: str, now: datetime) -> bool:
    """Stop the mails of ``week`` to the Kitas of ``region``; ``False`` where they are stopped already."""
    if not stop_week(session, region.key, week, by=by, now=now):
        return False
    withdrawn = withdraw_unsent(session, week, keys=held_back(session, regions)[week])
    note(session, "week.stop", f"week:{region.key}:{week}", {"withdrawn": withdrawn}, by=by, now=now)
    return True


def let_go(session: Session, region: Region, week: str, *, by: str, now: datetime) -> bool:
    """Let the mails of ``week`` go after all, at once where their hour is over; ``False`` where nothing was stopped.

    They are ranked and written anew by the job ``digest``, those that were sent before excepted.
    """
    if not undo_stop(session, region.key, week, by=by, now=now):
        return False
    note(session, "week.let_go", f"week:{region.key}:{week}", {}, by=by, now=now)
    if now >= mailed_at(week):
        add_work(session, "digest", now, {"again": True})
    return True
