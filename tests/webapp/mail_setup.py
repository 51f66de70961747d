"""What tests of ledger and sender share: a Region, rows in the ledger, a transport that obeys."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage

from schemas.db import Database
from schemas.recommendation import Recommendation
from schemas.region import Region
from schemas.store.digests import DigestMail, DigestState, LedgerEntry, enter, ledger
from schemas.store.kitas import recipients, save_kita
from schemas.tables.offers import offers
from tests.factories import make_kita, make_recipient
from webapp.links import Links
from webapp.mail.letters import post
from webapp.mail.message import message_id
from webapp.mail.render import Rendered
from webapp.mail.sender import Sending

WEEK = "2026-W49"
OFFER = "oaaaaaaaaaaaaaaa"
NOW = datetime(2026, 11, 30, 6, tzinfo=UTC)
PORTAL = "https://kitalotse.example"
LINKS = Links("s" * 40)
REGION = Region(
    key="13075",
    name="Vorpommern-Greifswald",
    land="MV",
    base_url=PORTAL,
    sender_name="Kitalotse",
    sender_mail="post@kitalotse.example",
    reply_to="koordination@kreis.example",
)
SENDING = Sending(regions={REGION.key: REGION}, links=LINKS, default_base_url=PORTAL)


def fill_ledger(database: Database, mails: int, *, week: str = WEEK, now: datetime = NOW) -> list[int]:
    """Kitas ``kita_0`` … with one confirmed recipient and one rendered mail each; gives the recipients' numbers."""
    numbers = []
    with database.begin() as session:
        for index in range(mails):
            kita = make_kita(f"kita_{index}", recipients=(make_recipient(f"leitung{index}@kita.example"),))
            save_kita(session, kita, now=now)
            (person,) = recipients(session, kita.id)
            numbers.append(person.id)
            enter(session, [ledger_mail(kita.id, person.id, week)], now=now)
    return numbers


def store_offer(database: Database, offer_id: str = OFFER) -> None:
    """An offer that rows can refer to; what it says does not matter here."""
    with database.begin() as session:
        session.execute(offers.insert().values(id=offer_id, region="13075", minted_at=NOW))


def recommendation(kita: str, offer_id: str = OFFER) -> Recommendation:
    """A recommendation of that offer."""
    return Recommendation(kita=kita, offer=offer_id, rank=1, score=0.5)


def ledger_mail(kita: str, recipient: int, week: str = WEEK) -> DigestMail:
    """A small rendered mail."""
    return DigestMail(
        week=week,
        kita=kita,
        recipient=recipient,
        message_id=message_id(week, kita, recipient, sender=REGION.sender_mail),
        subject="Dinosaurier entdecken für Kita Wolkenschiff",
        text="Grüße aus dem Museum\n.\n..zwei Punkte\n",
        html="<p>Grüße aus dem Museum</p>",
    )


def fill_letters(database: Database, number: int, *, now: datetime = NOW) -> None:
    """Letters about ``matter_0`` …"""
    with database.begin() as session:
        for index in range(number):
            mail = Rendered("Grüße", "Grüße aus dem Museum\n.\n..zwei Punkte\n", "<p>Grüße</p>")
            to = f"koordination{index}@kreis.example"
            post(session, REGION, kind="test", dedupe=f"test:matter_{index}", to=to, mail=mail, now=now)


class ObedientTransport:
    """Takes mails, or raises what ``answer`` says for the n-th one."""

    def __init__(self, answer: Callable[[int], Exception | None] = lambda _number: None) -> None:
        self.taken: list[EmailMessage] = []
        self._answer = answer
        self._offered = 0

    def __enter__(self) -> "ObedientTransport":
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def send(self, message: EmailMessage) -> None:
        self._offered += 1
        error = self._answer(self._offered)
        if error is not None:
            raise error
        self.taken.append(message)


def states(database: Database) -> dict[str, DigestState]:
    """Where each Kita's mail stands."""
    with database.read() as session:
        return {entry.kita: entry.state for entry in ledger(session)}


def only(database: Database) -> LedgerEntry:
    """The one row of the ledger."""
    with database.read() as session:
        (entry,) = ledger(session)
    return entry
