"""The week ahead: which Kita will get what on Monday, and stopping it; mails that may not have arrived."""

import secrets
from collections import Counter
from datetime import timedelta
from typing import Final

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from schemas.clock import local, monday_of, week_of
from schemas.kita import Kita
from schemas.store.digests import LedgerEntry, counts_by_key, ledger
from schemas.store.kitas import kita_by_id
from schemas.store.ledger import MailState
from schemas.store.letters import LetterEntry, letters_of
from schemas.store.weeks import stopped
from webapp.access import Who, who
from webapp.db import current_region, now, reading, state, today, writing
from webapp.digest import Issuing, preview
from webapp.links import Links, WeekLink
from webapp.mail.render import Rendered
from webapp.outlook import FEW, digest_ahead, outlook
from webapp.pages.framing import framed, framing
from webapp.ranking import gather
from webapp.regions import region_of
from webapp.weeks import let_go, mailed_at, stop, week_ahead

pages = Blueprint("week", __name__, url_prefix="/desk/woche")
stopping = Blueprint("stopping", __name__, url_prefix="/anhalten")

MAX_MAILS: Final = 100
MAILS_SHOWN: Final = timedelta(days=14)
"""How far back mails are shown that were not, or may not have been, sent."""
_TROUBLED: Final = (MailState.UNSURE, MailState.FAILED)


@pages.get("")
@who(Who.COORDINATOR)
def home() -> ResponseReturnValue:
    """The Kitas with what they would get, what is missing and why; whether the week is stopped."""
    week, region = _week(), current_region()
    ranking = gather(reading(), week=week, now=now())
    ahead = outlook(reading(), region, state().regions, ranking, week=week)
    sent, waiting = _standing(week)
    return render_template(
        "pages/desk_week.html",
        week=week,
        others=[other for other in _weeks() if other != week],
        ahead=ahead,
        few_is=FEW,
        stopped=stopped(reading(), region.key, week),
        mailed_at=mailed_at(week),
        over=now() >= mailed_at(week),
        sent=sent,
        waiting=waiting,
        mails=_troubled_mails(),
        letters=_troubled_letters(),
    )


@pages.post("/anhalten")
@who(Who.COORDINATOR)
def hold() -> ResponseReturnValue:
    """Stops the week."""
    week = _week(request.form.get("week", ""))
    with writing() as change:
        stop(change, current_region(), state().regions, week, by=g.coordinator, now=now())
    flash(_("Angehalten. In dieser Woche geht keine Wochenmail hinaus, bis Sie es zurücknehmen."))
    return _back(week)


@pages.post("/doch")
@who(Who.COORDINATOR)
def release() -> ResponseReturnValue:
    """Lets it go after all."""
    week = _week(request.form.get("week", ""))
    with writing() as change:
        let_go(change, current_region(), week, by=g.coordinator, now=now())
    flash(_("Die Wochenmails dieser Woche gehen hinaus."))
    return _back(week)


@pages.get("/<name:kita_id>")
@who(Who.COORDINATOR)
def kita(kita_id: str) -> ResponseReturnValue:
    """One Kita's mail as it would be."""
    found, mail = _preview(kita_id)
    page = render_template("pages/desk_week_kita.html", kita=found, mail=mail, week=_week())
    return framing(page)


@pages.get("/<name:kita_id>/html")
@who(Who.COORDINATOR)
def kita_html(kita_id: str) -> ResponseReturnValue:
    """Its HTML, for the frame."""
    _found, mail = _preview(kita_id)
    if mail is None:
        abort(404)
    return framed(mail.html)


# -- by the link of the Friday mail -----------------------------------------------------------------------------------


@stopping.get("/<token>")
@who(Who.LINK)
def ask(token: str) -> ResponseReturnValue:
    """Shows what would be stopped; stopping needs the button, since mail scanners follow links."""
    link = _link(token)
    return render_template(
        "pages/stop_week.html",
        token=token,
        link=link,
        stopped=stopped(reading(), link.region, link.week),
        over=now() >= mailed_at(link.week),
    )


@stopping.post("/<token>")
@who(Who.LINK)
def stop_by_link(token: str) -> ResponseReturnValue:
    """Stops the week."""
    link = _link(token)
    with writing() as change:
        stop(change, current_region(), state().regions, link.week, by=link.name, now=now())
    return redirect(url_for("stopping.ask", token=token), 303)


@stopping.post("/<token>/doch")
@who(Who.LINK)
def let_go_by_link(token: str) -> ResponseReturnValue:
    """Lets it go after all."""
    link = _link(token)
    with writing() as change:
        let_go(change, current_region(), link.week, by=link.name, now=now())
    return redirect(url_for("stopping.ask", token=token), 303)


def _link(token: str) -> WeekLink:
    link = Links(state().settings.secret()).read_week(token, today=today())
    region = current_region()
    names = {person.name for person in region.coordinators}
    if link is None or link.region != region.key or link.name not in names:
        abort(403, _("Er gehört zu einer Woche, die vorbei ist, oder ist unvollständig."))
    return link


# -- helpers ----------------------------------------------------------------------------------------------------------


def _weeks() -> list[str]:
    """The weeks that can be looked at and stopped: this one and the next."""
    return [week_of(today()), week_of(today() + timedelta(days=7))]


def _week(wanted: str | None = None) -> str:
    """The week that the request names, by default the one whose mails come next; 404 for a week that is none of
    ``_weeks``."""
    week = request.args.get("woche") if wanted is None else wanted
    if week is None:
        return week_ahead(now())
    if week not in _weeks():
        abort(404)
    return week


def _back(week: str) -> Response:
    return redirect(url_for("week.home", woche=week), 303)


def _preview(kita_id: str) -> tuple[Kita, Rendered | None]:
    """A Kita of this Region and its mail; the links to answer in it are signed with a secret that nobody keeps."""
    found = kita_by_id(reading(), kita_id)
    region = current_region()
    if found is None or region_of(found.region, state().regions) != region:
        abort(404)
    week, settings = _week(), state().settings
    issuing = Issuing(state().regions, Links(secrets.token_hex(32)), settings.base_url, settings.demo)
    ranked = digest_ahead(reading(), found, week=week, now=now())
    day = max(today(), monday_of(week))
    return found, preview(reading(), found, issuing, week=week, today=day, ranked=ranked)


def _standing(week: str) -> tuple[int, int]:
    """Mails of ``week`` to own Kitas that went out or may have, and such as wait."""
    found: Counter[MailState] = Counter()
    for (key, where), number in counts_by_key(reading(), week=week).items():
        if region_of(key, state().regions) == current_region():
            found[where] += number
    return sum(found[out] for out in (MailState.SENT, MailState.SENDING, MailState.UNSURE)), found[MailState.NEW]


def _troubled_mails() -> list[tuple[LedgerEntry, str]]:
    """Weekly mails to own Kitas that were not or may not have been sent of late, each with the Kita's name."""
    since = week_of(today() - MAILS_SHOWN)
    found = ledger(reading(), region=current_region().key, since=since, states=_TROUBLED, limit=MAX_MAILS)
    own = _own(found)
    names = {kita_id: kita_by_id(reading(), kita_id) for kita_id in {entry.kita for entry in own}}
    return [(entry, each.name if (each := names[entry.kita]) else entry.kita) for entry in own]


def _own(entries: list[LedgerEntry]) -> list[LedgerEntry]:
    """Without those of Regions inside this one."""
    return [entry for entry in entries if region_of(entry.region, state().regions) == current_region()]


def _troubled_letters() -> list[LetterEntry]:
    """Letters in this Region's name that were not or may not have been sent of late."""
    since = local(now()) - MAILS_SHOWN
    return letters_of(reading(), region=current_region().key, states=_TROUBLED, since=since, limit=MAX_MAILS)
