"""What a mail says about one recommended offer: facts with their labels, how to book, links to answer. Pure.

The offer comes in its public form, so a source whose rights are *facts only* lends no prose (law 9). Whatever was
harvested is put on one line and freed of control characters; addresses that are not http or https are left out.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from schemas.kita import Group, Kita
from schemas.offer import Occurrence, Offer
from schemas.organisation import Booking, Contact
from schemas.publish import PublicOffer, public
from schemas.recommendation import Recommendation
from schemas.vocabulary import Answered, Kind, Mode, PriceModel
from schemas.wording import (
    age_words,
    day_words,
    duration_words,
    euro_words,
    group_size_words,
    number_words,
    occurrence_words,
    place_words,
    price_words,
    schedule_words,
    sentence,
)
from webapp.links import AnswerLink, Links
from webapp.plain import is_mail_address, telephone, web_address

UNKNOWN: Final = "nicht angegeben"
MOST_REASONS: Final = 4
"""Reasons in a card, the strongest; the Kita's page has them all."""
_STATED: Final = dict.fromkeys(("ages", "duration_minutes", "group_size", "price", "schedule")) | {"modes": ()}
"""What the facts of a card say already, and its sentence need not repeat."""
FOR_STAFF: Final = frozenset({Kind.STAFF_TRAINING, Kind.NETWORK_MEETING})


@dataclass(frozen=True, slots=True)
class Link:
    """Words with an address behind them."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact with its German label."""

    label: str
    words: str


@dataclass(frozen=True, slots=True)
class BookingLine:
    """One way to book; ``url`` is ``None`` for words alone."""

    label: str
    words: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One offer in a mail."""

    title: str
    sentence: str
    facts: tuple[Fact, ...]
    reasons: tuple[str, ...]
    cautions: tuple[str, ...]
    booking: tuple[BookingLine, ...]
    page: Link
    source: Link | None
    answers: tuple[Link, ...]
    for_staff: bool
    private_person: bool
    """Whether a private person offers it."""


def card(
    offer: Offer,
    recommendation: Recommendation,
    kita: Kita,
    *,
    week: str,
    today: date,
    base_url: str,
    links: Links,
    private_person: bool = False,
) -> Card:
    """The card of ``offer`` for ``kita`` in the mail of ``week``; links lead to ``base_url`` and the source."""
    shown = public(offer)
    group = next((g for g in kita.groups if g.name == recommendation.group), None)
    source_url = web_address(shown.url)
    return Card(
        title=one_line(shown.title),
        sentence=one_line(shown.summary or sentence(shown.model_copy(update=_STATED))),
        facts=tuple(_facts(shown, recommendation, group, today)),
        reasons=tuple(one_line(r.text) for r in recommendation.reasons if not r.caution)[:MOST_REASONS],
        cautions=tuple(one_line(r.text) for r in recommendation.reasons if r.caution),
        booking=tuple(_booking(shown, _contact(offer), recommendation)),
        page=Link("Alle Angaben im Portal", f"{base_url}/angebote/{offer.id}"),
        source=Link("Seite des Anbieters", source_url) if source_url else None,
        answers=tuple(
            Link(answer.label, f"{base_url}/antwort/{links.answer(AnswerLink(kita.id, offer.id, answer, week))}")
            for answer in Answered
        ),
        for_staff=offer.kind in FOR_STAFF,
        private_person=private_person,
    )


def one_line(text: str) -> str:
    """``text`` on one line, without control and formatting characters.

    >>> one_line("Forscher\\r\\nBcc: alle@example.org\\u202e")
    'Forscher Bcc: alle@example.org'
    """
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return " ".join("".join(c for c in kept if unicodedata.category(c) not in ("Cf", "Cs")).split())


def way_words(offer: PublicOffer, recommendation: Recommendation) -> str | None:
    """How far it is, or that it comes; ``None`` where neither is known."""
    if recommendation.distance_km is not None:
        km = recommendation.distance_km
        words = "unter 1 km" if km < 1 else f"etwa {number_words(round(km))} km"
        return f"{words}; kommt auch in Ihre Kita" if Mode.IN_KITA in offer.modes else words
    if offer.kind is Kind.MOBILE_VISIT or Mode.IN_KITA in offer.modes:
        return "kommt in Ihre Kita"
    return "online" if Mode.ONLINE in offer.modes else None


def _facts(offer: PublicOffer, recommendation: Recommendation, group: Group | None, today: date) -> Iterator[Fact]:
    known: list[tuple[str, str | None]] = [
        ("Anbieter", offer.provider.name if offer.provider else None),
        ("Termin", _when(offer, recommendation, today) or UNKNOWN),
        ("Passt für", _group(group)),
        ("Weg", way_words(offer, recommendation)),
        ("Ort", place_words(offer.place) if recommendation.distance_km is not None else None),
        ("Alter", age_words(offer.ages) or UNKNOWN),
        ("Kosten", _cost(offer, recommendation, group)),
        ("Dauer", duration_words(offer.duration_minutes)),
        ("Gruppengröße", group_size_words(offer.group_size)),
        ("Anmelden bis", _deadline(offer.booking, recommendation, today)),
    ]
    for label, words in known:
        if words:
            yield Fact(label, one_line(words))


def _when(offer: PublicOffer, recommendation: Recommendation, today: date) -> str | None:
    schedule = offer.schedule
    if recommendation.day is None or schedule is None:
        return schedule_words(schedule, today)
    upcoming = schedule.upcoming(today)
    chosen: Occurrence | None = next((o for o in upcoming if o.day == recommendation.day), None)
    if chosen is None:
        usual = schedule_words(schedule, today)
        return f"{usual}, zum Beispiel {day_words(recommendation.day)}" if usual else day_words(recommendation.day)
    others = len(upcoming) - 1
    more = "" if not others else " und 1 weiterer Termin" if others == 1 else f" und {others} weitere Termine"
    return occurrence_words(chosen) + more


def _group(group: Group | None) -> str | None:
    if group is None:
        return None
    return f"{group.name} ({group.children} Kinder)" if group.children else group.name


def _cost(offer: PublicOffer, recommendation: Recommendation, group: Group | None) -> str:
    words, per_child = price_words(offer.price), recommendation.cost_per_child_eur
    if words is None or offer.price is None:
        return UNKNOWN
    plain = offer.price.model is PriceModel.PER_CHILD and not offer.price.extra_eur
    if per_child is None or plain or offer.price.model in (PriceModel.FREE, PriceModel.DONATION):
        return words
    whom = f"für {group.name}" if group else "für Ihre Gruppe"
    return f"{words} – {whom} etwa {euro_words(per_child)} pro Kind"


def _deadline(booking: Booking, recommendation: Recommendation, today: date) -> str | None:
    days = [booking.closes] if booking.closes else []
    if recommendation.day is not None and booking.lead_days:
        days.append(recommendation.day - timedelta(days=booking.lead_days))
    if days and min(days) >= today:
        return day_words(min(days))
    if recommendation.day is None and booking.lead_days:
        unit = "1 Tag" if booking.lead_days == 1 else f"{booking.lead_days} Tage"
        return f"{unit} vorher"
    return None


def _contact(offer: Offer) -> Contact | None:
    contact = offer.booking.contact
    return contact if contact is not None and (not contact.personal or contact.consented) else None


def _booking(offer: PublicOffer, contact: Contact | None, recommendation: Recommendation) -> Iterator[BookingLine]:
    if offer.booking.required is False:
        yield BookingLine("Anmeldung", "nicht nötig")
    if contact is not None and contact.name and (contact.phone or contact.mail):
        yield BookingLine("Ansprechstelle", one_line(contact.name))
    if contact is not None and contact.phone:
        dialled = telephone(contact.phone)
        yield BookingLine("Telefon", one_line(contact.phone), f"tel:{dialled}" if dialled else None)
    if contact is not None and contact.mail:
        mail = one_line(contact.mail)
        yield BookingLine("E-Mail", mail, f"mailto:{mail}" if is_mail_address(mail) else None)
    if url := web_address(offer.booking.url):
        yield BookingLine("Internet", url, url)
