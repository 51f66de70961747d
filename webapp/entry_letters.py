"""Letters to providers about what they typed: German words and links; ``webapp.mail.letters`` sends them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from schemas.clock import local
from schemas.region import Region
from schemas.store.entries import UNCONFIRMED_FOR, Decided, StoredEntry
from schemas.wording import day_words
from webapp.db import current_region, public_url, state
from webapp.links import EntryDoor, EntryLink, Links
from webapp.mail.cards import one_line
from webapp.mail.letters import post, render_letter
from webapp.regions import base_url
from webapp.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """In whose name letters are written."""

    region: Region
    links: Links
    portal: str
    """Public address of the Region without a slash at the end."""
    example: bool
    """Whether the data is invented."""

    def url(self, stored: StoredEntry, door: EntryDoor = "entry") -> str:
        """The address that opens ``stored``."""
        path = {"entry_confirm": "anbieten/bestaetigen", "entry": "eintrag", "entries": "eintraege"}[door]
        return f"{self.portal}/{path}/{self.links.entry(EntryLink(stored.key, stored.token_version), door)}"


def desk_of_request() -> Desk:
    """The Region that this request came in on."""
    settings = state().settings
    region = current_region()
    return Desk(region, Links(settings.secret()), public_url(), settings.demo or region.example)


def desk_of(region: Region, settings: Settings) -> Desk:
    """``region``, for jobs."""
    portal = base_url(region, settings.base_url)
    return Desk(region, Links(settings.secret()), portal, settings.demo or region.example)


def ask_to_confirm(session: Session, desk: Desk, stored: StoredEntry, now: datetime) -> None:
    """The first letter: whoever has this address says that the entry is theirs."""
    last = day_words(local(stored.created_at + UNCONFIRMED_FOR).date(), weekday="none")
    _post(
        session,
        desk,
        "entry_confirm",
        f"{stored.id}",
        stored,
        now,
        subject=f"Bitte bestätigen: {_title(stored)}",
        before=[
            f"jemand hat mit dieser Adresse ein Angebot für Kitas eingetragen: „{_title(stored)}“.",
            "Waren Sie das? Dann bestätigen Sie es bitte. Danach sieht es sich die Koordination an; sobald sie "
            "zustimmt, steht es im Portal.",
        ],
        links=[("Eintrag ansehen und bestätigen", desk.url(stored, "entry_confirm"))],
        after=[
            f"Waren Sie es nicht, brauchen Sie nichts zu tun: Ohne Bestätigung löschen wir alles nach dem {last}.",
        ],
    )


def send_links(session: Session, desk: Desk, found: Sequence[StoredEntry], now: datetime) -> None:
    """Links to everything that stands under one address; one letter for each time that the older ones ended."""
    _post(
        session,
        desk,
        "entry_link",
        f"{found[0].id}:{found[0].token_version}",
        found[0],
        now,
        subject="Ihre Einträge",
        before=["hier sind die Links zu Ihren Einträgen. Damit können Sie sie ändern, pausieren oder löschen."],
        links=[(_title(stored), desk.url(stored)) for stored in found],
        after=["Bitte geben Sie die Links nicht weiter. Ältere Links gelten nicht mehr."],
    )


def tell_typed(session: Session, desk: Desk, stored: StoredEntry, now: datetime) -> None:
    """A coordinator typed it on the phone."""
    _post(
        session,
        desk,
        "entry_typed",
        f"{stored.id}",
        stored,
        now,
        subject=f"Für Sie eingetragen: {_title(stored)}",
        before=[
            f"wie besprochen haben wir Ihr Angebot „{_title(stored)}“ für Kitas eingetragen.",
            "Mit dem Link können Sie es jederzeit ändern, pausieren oder löschen. Er gilt nur für Sie.",
        ],
        links=[("Ihr Eintrag", desk.url(stored))],
        after=["Stimmt etwas nicht, oder wussten Sie nichts davon? Antworten Sie bitte auf diese Mail."],
    )


def tell_decision(session: Session, desk: Desk, decided: Decided, now: datetime) -> None:
    """A coordinator accepted or rejected it."""
    stored = decided.entry
    why = one_line(decided.why or "")
    if decided.accepted:
        subject, before = (
            f"Veröffentlicht: {_title(stored)}",
            [f"Ihr Angebot „{_title(stored)}“ steht jetzt im Portal."],
        )
        links = [("Im Portal ansehen", f"{desk.portal}/angebote/{stored.offer}")]
    else:
        subject = f"Nicht veröffentlicht: {_title(stored)}"
        before = [f"Ihr Angebot „{_title(stored)}“ wird nicht veröffentlicht."]
        before += [f"Der Grund: {why}"] if why else []
        links = []
    _post(
        session,
        desk,
        "entry_decided",
        f"{decided.decision}",
        stored,
        now,
        subject=subject,
        before=before,
        links=[*links, ("Ihr Eintrag: ändern, pausieren, löschen", desk.url(stored))],
        after=["Bei Fragen antworten Sie bitte auf diese Mail."],
    )


def ask_still_correct(session: Session, desk: Desk, found: Sequence[StoredEntry], now: datetime) -> None:
    """Once a quarter: are the entries of this address still correct?"""
    day = local(now).date()
    named = [f"„{_title(stored)}“" for stored in found]
    what = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} und {named[-1]}"
    _post(
        session,
        desk,
        "entry_question",
        f"{found[0].id}:{day.year}-{day:%m}",
        found[0],
        now,
        subject="Stimmt das noch?",
        before=[f"Kitas verlassen sich auf das, was im Portal steht. Stimmt noch, was Sie eingetragen haben: {what}?"],
        links=[("Ansehen und bestätigen", desk.url(found[0], "entries"))],
        after=[
            "Ein Klick genügt. Was ein halbes Jahr lang niemand bestätigt, rückt in den Empfehlungen nach hinten und "
            "wird so gekennzeichnet; nach einem Jahr nehmen wir es aus dem Portal."
        ],
    )


def tell_ended(session: Session, desk: Desk, stored: StoredEntry, now: datetime) -> None:
    """After a year of silence it was taken out."""
    confirmed = stored.last_confirmed_at or stored.created_at
    _post(
        session,
        desk,
        "entry_ended",
        f"{stored.id}:{local(confirmed).date()}",
        stored,
        now,
        subject=f"Aus dem Portal genommen: {_title(stored)}",
        before=[
            f"seit einem Jahr hat niemand bestätigt, dass Ihr Angebot „{_title(stored)}“ noch stimmt. Deshalb zeigen "
            "wir es nicht mehr.",
            "Gibt es das Angebot noch? Dann zeigen Sie es mit einem Klick wieder.",
        ],
        links=[("Ihr Eintrag", desk.url(stored))],
        after=[],
    )


def _post(
    session: Session,
    desk: Desk,
    kind: str,
    about: str,
    stored: StoredEntry,
    now: datetime,
    *,
    subject: str,
    before: Sequence[str],
    links: Sequence[tuple[str, str]],
    after: Sequence[str],
) -> None:
    if stored.address is None:
        return
    values: Mapping[str, object] = {
        "region": desk.region,
        "portal": desk.portal,
        "example": desk.example,
        "subject": f"{subject} – {desk.region.service_name}",
        "heading": subject,
        "before": before,
        "links": links,
        "after": after,
    }
    mail = render_letter("entry", values)
    post(session, desk.region, kind=kind, dedupe=f"{kind}:{about}", to=stored.address, mail=mail, now=now)


def _title(stored: StoredEntry) -> str:
    return one_line(stored.entry.title) if stored.entry else "Ihr Angebot"
