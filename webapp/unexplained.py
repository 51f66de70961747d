"""Wording that nobody has explained yet, weighed by Monday's mails.

Understood, it fills or changes a field of the offers of which it is said, and by fields offers are ranked. So it can
change the mails that have one of these offers. An offer that would come into a mail only because a field is known at
last is not foreseen.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from harvesters.process import understand
from schemas.harvest import words_of
from schemas.publish import DESK
from schemas.region import Region
from schemas.store.harvest import records_of
from schemas.store.offers import offers_by_id
from schemas.store.runs import sources
from schemas.store.wordings import UnknownWording, open_wordings
from webapp.outlook import Outlook


@dataclass(frozen=True, slots=True)
class Unexplained:
    """Wording that waits for a decision, and how many mails that could change."""

    wording: UnknownWording
    kitas: int
    """Kitas of the Region whose weekly mail has an offer of which these words are said."""


def unexplained(session: Session, region: Region, ahead: Outlook, *, most: int) -> list[Unexplained]:
    """Open wording of the sources of ``region`` that is said of offers in the mails ``ahead``, the most mails first.

    Mails that are written change no more. Only Records of offers in these mails are read, some hundreds: each again as
    the last run read it, so that what counts is exactly what was not understood. A field that a person corrected is as
    it is, whatever the words mean.
    """
    waiting = {(each.source, each.field, each.wording): each for each in open_wordings(session, region.key)}
    shown = _kitas_of(ahead)
    if not waiting or not shown:
        return []
    known = {each.name: each for each in sources(session, region.key)}
    offers = offers_by_id(session, shown)
    reached: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for offer_id, record in records_of(session, shown, {source for source, _, _ in waiting}):
        source = record.origin.source
        for issue in understand(record, known[source]).issues:
            words = words_of(issue)
            origin = offers[offer_id].provenance.get(issue.field)
            if words and (source, *words) in waiting and (origin is None or origin.source != DESK):
                reached[source, *words] |= shown[offer_id]
    found = [Unexplained(waiting[key], len(kitas)) for key, kitas in reached.items()]
    return sorted(found, key=lambda each: (-each.kitas, each.wording.wording.casefold(), each.wording.id))[:most]


def _kitas_of(ahead: Outlook) -> Mapping[str, set[str]]:
    """Offers in mails that are still to be written, with the Kitas that get them."""
    shown: defaultdict[str, set[str]] = defaultdict(set)
    for each in ahead.kitas:
        if each.gets_mail and not each.written:
            for recommendation in each.recommendations:
                shown[recommendation.offer].add(each.kita.id)
    return shown
