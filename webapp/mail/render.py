"""The weekly mail and the invitation to it: subject, text and HTML, from three templates that say the same.

Rendering is pure: the same input gives the same bytes, so a mail can be made again from what is stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from css_inline import CSSInliner
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from schemas.clock import local
from schemas.kita import Kita
from schemas.region import Region
from schemas.store.invitations import FORGET_AFTER
from schemas.wording import day_words
from webapp.consent import CONSENT_TEXTS, CONSENT_VERSION
from webapp.entry_texts import about_private_persons
from webapp.links import last_moment
from webapp.mail.cards import Card, one_line
from webapp.plain import plain

MAX_SUBJECT: Final = 120
"""Characters of a subject; phones show fewer, and the best offer comes first."""
_MAX_TITLE: Final = 70
_NEXT_PURGE: Final = timedelta(days=1)


def _seen(value: Any) -> Any:
    """Words as they may stand in a mail, whoever wrote them; what is marked up already stays."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_TEMPLATES: Final = Environment(
    loader=PackageLoader("webapp", "templates"),
    autoescape=lambda name: name is not None and name.endswith(".html"),
    finalize=_seen,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=False,
)
_INLINER: Final = CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the mail's own links lead."""

    kita: str
    unsubscribe: str
    portal: str
    imprint: str
    privacy: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """One mail before it has headers."""

    subject: str
    text: str
    html: str


def render(
    region: Region, kita: Kita, cards: Sequence[Card], addresses: Addresses, *, week: str, example: bool
) -> Rendered:
    """The mail for ``kita``; ``cards`` in order, at least one. ``example`` marks it as made from invented data."""
    values = {
        "region": region,
        "kita": kita,
        "best": _cut(cards[0].title),
        "cards": cards,
        "for_groups": [card for card in cards if not card.for_staff],
        "for_staff": [card for card in cards if card.for_staff],
        "private": [card.title for card in cards if card.private_person],
        "private_persons": about_private_persons(region),
        "addresses": addresses,
        "week": week,
        "number": int(week[6:]),
        "example": example,
    }
    return render_parts("digest", values)


def render_invitation(
    region: Region, kita: Kita, address: str, confirm: str, portal: str, *, invited_at: datetime, example: bool
) -> Rendered:
    """The question whether ``address`` wants the mail of ``kita``; ``confirm`` is the link that says yes."""
    values = {
        "region": region,
        "kita": kita,
        "address": address,
        "confirm": confirm,
        "portal": portal,
        "consent": CONSENT_TEXTS[CONSENT_VERSION],
        "version": CONSENT_VERSION,
        "last_day": day_words(local(last_moment(invited_at)).date()),
        "forgotten": day_words(local(invited_at + FORGET_AFTER + _NEXT_PURGE).date()),
        "example": example,
    }
    return render_parts("invitation", values)


def render_parts(name: str, values: Mapping[str, object]) -> Rendered:
    """``mail/<name>.subject.txt``, ``.txt`` and ``.html`` with ``values``; a name they lack is an error."""
    subject, text, html = (
        _TEMPLATES.get_template(f"mail/{name}.{part}").render(values) for part in ("subject.txt", "txt", "html")
    )
    subject = one_line(subject)
    return Rendered(
        subject if len(subject) <= MAX_SUBJECT else f"{subject[: MAX_SUBJECT - 1].rstrip()}…",
        text.strip() + "\n",
        _INLINER.inline(html),
    )


def _cut(title: str) -> str:
    if len(title) <= _MAX_TITLE:
        return title
    return f"{title[:_MAX_TITLE].rsplit(' ', 1)[0].rstrip(' ,;:–-')}…"
