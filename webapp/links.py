"""Signed links: who may answer, read a Kita's page, unsubscribe, change an entry or enter the desk, without an account.

A token is signed for one purpose (its own salt), so an answer link never opens the desk. It carries its own last day
instead of the time of signing: the same mail rendered twice has the same links, byte for byte. Verifying gives the
values or ``None``; why a token was refused is nobody's business but ours.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from itsdangerous import BadData, URLSafeSerializer

from schemas.clock import monday_of
from schemas.vocabulary import Answered

LINK_DAYS: Final = 90
"""Days for which links of a mail work, counted from the Monday of its week; they are personal data and end."""
DESK_MINUTES: Final = 60
"""Minutes for which a sign-in link to the desk works."""

CONFIRM_DAYS: Final = 14
"""Days for which an invitation can be confirmed."""

MAX_TOKEN: Final = 1000


class KitaLink(NamedTuple):
    """Opens a Kita's page for one recipient of its mail."""

    kita: str
    recipient: int
    version: int
    """``token_version`` of the recipient: raising it ends every older link."""


class AnswerLink(NamedTuple):
    """One answer of a Kita to one offer of one week's mail; it can do nothing else, so a forwarded mail is harmless."""

    kita: str
    offer: str
    answer: Answered
    week: str


class ConfirmLink(NamedTuple):
    """Confirms the address of one recipient, for the invitation of that second only."""

    recipient: int
    invited_at: datetime


class UnsubscribeLink(NamedTuple):
    """Ends the mails to one recipient; works for ever (withdrawal must be as easy as consent)."""

    recipient: int


class DeskLink(NamedTuple):
    """Signs a coordinator in at a Region's desk, once."""

    region: str
    name: str
    ends: datetime | None = None
    """When it ends; known of a link that was read."""


class WeekLink(NamedTuple):
    """Stops the mails of one week, or lets them go after all, in the name of one coordinator; nothing else."""

    region: str
    name: str
    week: str


class EntryLink(NamedTuple):
    """Opens what a provider typed, to whoever has its mail."""

    key: str
    """Key of the entry."""
    version: int
    """``token_version`` of the entry: raising it ends every older link."""


EntryDoor = Literal["entry_confirm", "entry", "entries"]
"""What a provider's link opens: the confirmation of a new entry, an entry, or all entries of its address."""


@dataclass(frozen=True, slots=True)
class Links:
    """Signs and verifies with one secret."""

    secret: str

    def kita(self, link: KitaLink, *, week: str) -> str:
        """Token for ``/kita/<token>`` in the mail of ``week``."""
        return self._sign("kita", [*link, _last_day(week).toordinal()])

    def answer(self, link: AnswerLink) -> str:
        """Token for ``/antwort/<token>``."""
        return self._sign("answer", [link.kita, link.offer, link.answer.value, link.week])

    def confirm(self, link: ConfirmLink) -> str:
        """Token for ``/bestaetigen/<token>``, good for ``CONFIRM_DAYS`` from the invitation."""
        return self._sign("confirm", [link.recipient, int(link.invited_at.timestamp())])

    def unsubscribe(self, link: UnsubscribeLink) -> str:
        """Token for ``/abmelden/<token>``."""
        return self._sign("unsubscribe", [*link])

    def desk(self, link: DeskLink, *, now: datetime) -> str:
        """Token for ``/desk/anmelden/<token>``, good for ``DESK_MINUTES`` from ``now``; another one each time."""
        last = int((now + timedelta(minutes=DESK_MINUTES)).timestamp())
        return self._sign("desk", [link.region, link.name, last, secrets.token_urlsafe(9)])

    def week(self, link: WeekLink) -> str:
        """Token for ``/anhalten/<token>``, good until the week is over."""
        return self._sign("week", [*link])

    def read_kita(self, token: str, *, today: date) -> KitaLink | None:
        """Values of a token made by ``kita``; ``None`` if it is not ours or has ended."""
        match self._read("kita", token):
            case [str(kita), int(recipient), int(version), int(last)] if today.toordinal() <= last:
                return KitaLink(kita, recipient, version)
        return None

    def read_answer(self, token: str, *, today: date) -> AnswerLink | None:
        """Values of a token made by ``answer``; ``None`` if it is not ours or has ended."""
        match self._read("answer", token):
            case [str(kita), str(offer), str(answer), str(week)] if today <= _last_day(week):
                return AnswerLink(kita, offer, Answered(answer), week)
        return None

    def read_confirm(self, token: str, *, now: datetime) -> ConfirmLink | None:
        """Values of a token made by ``confirm``; ``None`` if it is not ours or has ended."""
        match self._read("confirm", token):
            case [int(recipient), int(asked)]:
                invited_at = datetime.fromtimestamp(asked, UTC)
                return ConfirmLink(recipient, invited_at) if now <= last_moment(invited_at) else None
        return None

    def read_unsubscribe(self, token: str) -> UnsubscribeLink | None:
        """Values of a token made by ``unsubscribe``; ``None`` if it is not ours."""
        match self._read("unsubscribe", token):
            case [int(recipient)]:
                return UnsubscribeLink(recipient)
        return None

    def read_desk(self, token: str, *, now: datetime) -> DeskLink | None:
        """Values of a token made by ``desk``; ``None`` if it is not ours or has ended."""
        match self._read("desk", token):
            case [str(region), str(name), int(last), str(_)] if now.timestamp() <= last:
                return DeskLink(region, name, datetime.fromtimestamp(last, UTC))
        return None

    def read_week(self, token: str, *, today: date) -> WeekLink | None:
        """Values of a token made by ``week``; ``None`` if it is not ours or has ended."""
        match self._read("week", token):
            case [str(region), str(name), str(week)] if today < monday_of(week) + timedelta(days=7):
                return WeekLink(region, name, week)
        return None

    def entry(self, link: EntryLink, door: EntryDoor = "entry") -> str:
        """Token for ``/anbieten/bestaetigen/<token>``, ``/eintrag/<token>`` or ``/eintraege/<token>``, by ``door``; it
        works until the entry is deleted or its links are ended."""
        return self._sign(door, [*link])

    def read_entry(self, token: str, door: EntryDoor = "entry") -> EntryLink | None:
        """Values of a token made by ``entry`` for the same ``door``; ``None`` if it is not ours."""
        match self._read(door, token):
            case [str(key), int(version)]:
                return EntryLink(key, version)
        return None

    def _sign(self, purpose: str, values: list[Any]) -> str:
        return str(self._serializer(purpose).dumps(values))

    def _read(self, purpose: str, token: str) -> Any:
        if len(token) > MAX_TOKEN:
            return None
        try:
            return self._serializer(purpose).loads(token)
        except BadData:
            return None

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        return URLSafeSerializer(
            self.secret,
            salt=f"kitalotse.{purpose}",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )


def last_moment(invited_at: datetime) -> datetime:
    """Until when an invitation of that moment can be confirmed."""
    return invited_at + timedelta(days=CONFIRM_DAYS)


def _last_day(week: str) -> date:
    return monday_of(week) + timedelta(days=LINK_DAYS)
