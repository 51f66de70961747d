"""Filters of the templates: German words for values, harmless text, safe links."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from markupsafe import Markup, escape

from recommender.parts import PARTS
from schemas import wording
from schemas.clock import local, monday_of
from schemas.freshness import confirmed_on, is_typed, is_unconfirmed
from schemas.identifiers import provider_key
from schemas.kita import Group
from schemas.offer import AgeRange, Price
from schemas.publish import PublicOffer
from schemas.vocabulary import Mode
from webapp.plain import is_mail_address, plain, telephone, web_address

NOT_STATED: Final[dict[str, Any]] = {
    "age_months": _l("Alter nicht angegeben"),
    "max_cost_eur": _l("Preis nicht angegeben"),
    "max_group_eur": _l("Preis nicht angegeben"),
    "group": _l("Gruppengröße nicht angegeben"),
    "near": _l("Ort nicht angegeben"),
    "weekday": _l("Wochentag nicht angegeben"),
    "on_day": _l("Tage nicht angegeben"),
}
"""What the search says of an offer that a filter let pass because it states nothing, by the filter's name."""
_PART_NAMES: Final = {part.name: part.label for part in PARTS}


def init_app(app: Flask) -> None:
    """Registers everything here."""
    app.jinja_env.filters.update(
        ages=wording.age_words,
        price=wording.price_words,
        duration=wording.duration_words,
        group_size=wording.group_size_words,
        schedule=wording.schedule_words,
        place=wording.place_words,
        service_area=wording.service_area_words,
        language_names=wording.language_words,
        occurrence=wording.occurrence_words,
        number=wording.number_words,
        euro=wording.euro_words,
        day=day,
        moment=moment,
        week_words=week_words,
        group_words=group_words,
        part_name=part_name,
        not_stated=not_stated,
        open_questions=open_questions,
        unstated_words=unstated_words,
        group_price=group_price,
        sureness=sureness,
        count_words=count_words,
        provider_key=provider_key,
        input_words=input_words,
        neglected_since=neglected_since,
        rights_words=rights_words,
        safe_link=safe_link,
        phone_link=phone_link,
        mail_link=mail_link,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.finalize = harmless


def harmless(value: Any) -> Any:
    """What every ``{{ … }}`` passes through before it is escaped: text loses what is not seen (``webapp.plain``)."""
    if isinstance(value, Markup):
        return Markup(plain(value))
    return plain(value) if isinstance(value, str) else value


def day(value: date | None) -> str:
    """A day for people; an empty string where there is none.

    >>> day(date(2026, 12, 2))
    'Mi., 2. Dezember 2026'
    """
    return wording.day_words(value) if value else ""


def moment(value: datetime | None) -> str:
    """A moment for people, in Europe/Berlin; an empty string where there is none."""
    if value is None:
        return ""
    there = local(value)
    return f"{wording.day_words(there.date(), weekday='none')}, {there.hour}:{there.minute:02d} Uhr"


def week_words(week: str) -> str:
    """A week for people.

    >>> week_words("2026-W49")
    'Woche vom 30. November 2026'
    """
    return f"Woche vom {wording.day_words(monday_of(week), weekday='none')}"


def group_words(group: Group) -> str:
    """Age and size of a group.

    >>> group_words(Group(name="Kraken", min_months=36, max_months=59, children=18, adults=2))
    '3 bis 4 Jahre, 18 Kinder, 2 Erwachsene'
    """
    parts = [wording.age_words(AgeRange(min_months=group.min_months, max_months=group.max_months))]
    parts += [f"{group.children} Kinder" if group.children else None]
    parts += [f"{group.adults} Erwachsene" if group.adults else None]
    return ", ".join(part for part in parts if part) + (" (angenommen, bitte bestätigen)" if group.assumed else "")


def part_name(name: str) -> str:
    """The German name of a part of the score; the name itself for one of an older ranking that is no more.

    >>> part_name("way"), part_name("moon")
    ('Weg', 'moon')
    """
    return _PART_NAMES.get(name, name)


def not_stated(filter_name: str) -> Any:
    """What an offer does not state, by the name of the filter in ``OfferQuery`` that let it pass."""
    return NOT_STATED[filter_name]


def open_questions(offer: PublicOffer, filter_names: Iterable[str]) -> list[str]:
    """What to say beside ``offer``, which passed these filters because it states nothing on them."""
    words = []
    for name in filter_names:
        goes_out = name == "near" and Mode.IN_KITA in offer.modes and offer.place is not None
        words.append(_("Einzugsgebiet nicht angegeben") if goes_out else str(not_stated(name)))
    return list(dict.fromkeys(words))


def unstated_words(count: int, filter_name: str) -> str:
    """A sentence on how many offers of a list passed a filter because they state nothing on it."""
    words: str
    match filter_name:
        case "age_months":
            words = ngettext("%(num)s davon nennt kein Alter.", "%(num)s davon nennen kein Alter.", count)
        case "max_cost_eur" | "max_group_eur":
            words = ngettext("%(num)s davon nennt keinen Preis.", "%(num)s davon nennen keinen Preis.", count)
        case "group":
            words = ngettext(
                "%(num)s davon nennt keine Gruppengröße.", "%(num)s davon nennen keine Gruppengröße.", count
            )
        case "near":
            words = ngettext(
                "%(num)s davon nennt keinen Ort oder kein Einzugsgebiet.",
                "%(num)s davon nennen keinen Ort oder kein Einzugsgebiet.",
                count,
            )
        case _:
            words = ngettext("%(num)s davon nennt keinen Wochentag.", "%(num)s davon nennen keinen Wochentag.", count)
    return words


def group_price(price: Price | None, children: int) -> str | None:
    """What a group of ``children`` children pays together, in words; ``None`` where nothing, or where not known.

    >>> group_price(Price(model="per_child", amount_eur=2.5), 18)
    '45 €'
    """
    each = price.per_child(children) if price else None
    return wording.euro_words(each * children) if each else None


def count_words(count: int) -> str:
    """A number of things as German writes it.

    >>> count_words(100_000)
    '100.000'
    """
    return f"{count:,}".replace(",", ".")


def sureness(confidence: float) -> str:
    """How sure a rule is, in words."""
    if confidence >= 0.9:
        return str(_("sicher"))
    return str(_("ziemlich sicher") if confidence >= 0.7 else _("unsicher"))


def input_words(value: Any) -> Any:
    """A value as it stands in an input: numbers as German writes them.

    >>> input_words(2.5), input_words("17489")
    ('2,5', '17489')
    """
    return wording.number_words(value) if isinstance(value, float) else value


def neglected_since(offer: PublicOffer, today: date) -> date | None:
    """When a typed offer was last confirmed, where that is too long ago; else ``None``."""
    return confirmed_on(offer) if is_unconfirmed(offer, today) else None


def rights_words(offer: PublicOffer) -> Markup:
    """What may be done with an offer's text, for its page."""
    rights = offer.rights
    if rights.kind == "open":
        words = escape(_("Text: %(who)s, gekürzt und vereinheitlicht.", who=rights.attribution or ""))
        return words + Markup(" {}").format(safe_link(rights.licence, _("Zur Lizenz")))
    if rights.kind == "permission":
        return escape(_("Der Text steht hier mit Erlaubnis des Anbieters."))
    if is_typed(offer):
        return escape(_("Wir zeigen nur Fakten; einen Text hat der Anbieter nicht zur Veröffentlichung freigegeben."))
    if web_address(offer.url) is None:
        return escape(_("Wir zeigen nur Fakten; mehr erfahren Sie beim Anbieter."))
    return escape(_("Wir zeigen nur Fakten; den vollen Text lesen Sie beim Anbieter."))


def safe_link(address: str | None, text: str | None = None) -> Markup:
    """A link to an http(s) ``address``; anything else is shown as words only, never as a link."""
    if not address:
        return Markup("")
    linked = web_address(address)
    if linked is None:
        return escape(plain(text or address))
    link = Markup('<a href="{}" rel="noopener noreferrer external nofollow">{}</a>')
    return link.format(linked, plain(text or address))


def phone_link(number: str | None) -> Markup:
    """A link that dials ``number``; words only where it is no telephone number."""
    if not number:
        return Markup("")
    dialled = telephone(number)
    if dialled is None:
        return escape(plain(number))
    return Markup('<a href="tel:{}">{}</a>').format(dialled, number)


def mail_link(address: str | None) -> Markup:
    """A link that writes to ``address``, which may go on in the next line after its @; words only where it is none.

    >>> mail_link("kasse@museum.example")
    Markup('<a href="mailto:kasse@museum.example">kasse@<wbr>museum.example</a>')
    """
    if not address:
        return Markup("")
    if not is_mail_address(address):
        return escape(plain(address))
    person, _at, host = address.rpartition("@")
    return Markup('<a href="mailto:{}">{}@<wbr>{}</a>').format(address, person, host)
