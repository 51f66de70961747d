"""A glance at an address: what is found there, and whether it looks like offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from harvesters.fetch.client import Client
from harvesters.formats.by_kind import PARSERS
from harvesters.problems import ReadError
from harvesters.signs import facts, fields_of, verdict
from harvesters.source import undescribed
from schemas.harvest import Access, Record
from schemas.offer import OfferFields
from schemas.vocabulary import Verdict

_MAX_JUDGED: Final = 20
_MAX_CALENDAR: Final = 200
"""Entries of a calendar that are judged: a town's may begin with weeks of exhibitions and concerts."""


@dataclass(frozen=True, slots=True)
class Glance:
    """Looks with ``client``, at the moment ``now``."""

    client: Client
    now: datetime

    def records(self, access: Access, address: str) -> tuple[Record, ...]:
        """What is found at ``address``; what cannot be read holds nothing."""
        source = undescribed(access)
        try:
            page = self.client.get(address, source="preview")
            parse = PARSERS[access.kind]
            return parse(page.content, source=source, url=page.url, fetched_at=self.now, charset=page.charset).records
        except ReadError:
            return ()

    def facts(self, record: Record) -> list[str]:
        """Which of the facts that offers state a Record states."""
        return facts(self._understood(record))

    def for_kitas(self, record: Record) -> bool:
        """Whether a Record speaks to Kitas."""
        return verdict(self._understood(record)) is Verdict.YES

    def are_offers(self, records: Sequence[Record]) -> bool:
        """Whether these are offers rather than news or by-laws.

        What has its dates as data is a calendar, of which one entry that is not for others is enough. Of anything else
        half must speak to Kitas, or state a fact and not be for others.
        """
        some = records[:_MAX_CALENDAR]
        if 2 * sum(bool(record.occurrences or record.rrule) for record in some) > len(some):
            return any(verdict(self._understood(record)) is not Verdict.NO for record in some)
        fields = [self._understood(record) for record in some[:_MAX_JUDGED]]
        open_to_kitas = [one for one in fields if verdict(one) is not Verdict.NO]
        telling = [one for one in open_to_kitas if verdict(one) is Verdict.YES or facts(one)]
        return 0 < len(fields) <= 2 * len(telling)

    def _understood(self, record: Record) -> OfferFields:
        return fields_of(record, self.now)
