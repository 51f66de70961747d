"""The main job on the demo's stage: harvest over HTTP, ranking, mails; then what Kitas do with their mail."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest
from lxml import html

from schemas.clock import week_of
from schemas.recommendation import Recommendation, Removed
from schemas.store.digests import ledger
from schemas.store.kitas import digest_of, feedback_of, recipients
from schemas.store.offers import public_offer
from schemas.vocabulary import Answered
from tests.factories import NOW, TODAY
from tests.journeys.served import staged
from tests.journeys.visitor import Visitor, words
from webapp.app import create_app
from webapp.demo import stage as demo
from webapp.demo.stage import Played, Stage
from webapp.links import Links, UnsubscribeLink
from webapp.ranking import gather, rank_week

pytestmark = pytest.mark.xdist_group("weekly mail")  # one worker: the week is harvested once

PORT = 8765
"""Stands in the mails' links; nothing listens there."""
NEXT = timedelta(days=7)


class Week:
    """The demo after its first week."""

    def __init__(self, at: Stage, played: Played) -> None:
        self.at = at
        self.played = played

    def app_at(self, moment_later: timedelta = timedelta()) -> Visitor:
        """Somebody at the portal, so much later."""
        return Visitor(create_app(self.at.settings, self.at.database, now=lambda: NOW + moment_later))

    def mails(self) -> dict[str, EmailMessage]:
        """The outbox: address → its one mail of this week."""
        found: dict[str, EmailMessage] = {}
        for path in self.at.settings.outbox_dir.glob(f"{self.at.week.lower()}*.eml"):
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            assert isinstance(mail, EmailMessage)
            assert mail["To"] not in found
            found[str(mail["To"])] = mail
        return found

    def mail_to(self, kita_id: str) -> EmailMessage:
        """The mail to the first recipient of a Kita."""
        with self.at.database.read() as session:
            address = recipients(session, kita_id)[0].recipient.address
        return self.mails()[address]


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """Everything that `kitalotse demo` does, on Monday, 23 November 2026; one Kita has unsubscribed before."""
    with staged(tmp_path_factory.mktemp("week"), PORT) as at:
        visitor = Visitor(create_app(at.settings, at.database, now=lambda: NOW))
        leave = Links(at.settings.secret()).unsubscribe(UnsubscribeLink(_first_recipient(at, LEFT)))
        visitor.submit(visitor.open(f"/abmelden/{leave}"), f"/abmelden/{leave}")
        yield Week(at, demo.play(at))


LEFT = "beispiel-haffwichtel"
"""The Kita that has unsubscribed before the first week."""


def parts(mail: EmailMessage) -> tuple[str, html.HtmlElement]:
    """Text part, and the HTML part as a tree."""
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None and page is not None
    return text.get_content(), html.fromstring(page.get_content())


def answer_links(mail: EmailMessage, answer: Answered) -> list[str]:
    """The links of one answer, in the order of the offers."""
    _text, page = parts(mail)
    return [str(link.get("href")) for link in page.xpath("//a") if words(link) == answer.label]


def test_every_confirmed_recipient_has_one_mail_and_nobody_else(week):
    with week.at.database.read() as session:
        everybody = [person for kita in week.at.kitas for person in recipients(session, kita.id)]
        served = {kita.id for kita in week.at.kitas if digest_of(session, kita.id, week=week.at.week)}
        rows = ledger(session, week=week.at.week, limit=1000)
    wanting = {person.recipient.address for person in everybody if person.wants_mail and person.kita in served}
    unconfirmed = {person.recipient.address for person in everybody if person.recipient.confirmed_at is None}

    assert set(week.mails()) == wanting
    assert len(rows) == len(wanting) >= 10
    assert unconfirmed and not unconfirmed & set(week.mails())
    assert _address(week, LEFT) not in week.mails()


def test_the_text_part_has_every_fact_and_every_link_of_the_html_part(week):
    for mail in week.mails().values():
        text, page = parts(mail)
        flat = " ".join(text.split())
        facts = page.xpath("//td|//li|//h3|//h4|//p[not(.//a)]")
        links = page.xpath("//a")
        pages = {str(link.get("href")) for link in links if link.get("href").startswith("http")}

        assert len(facts) > 10
        assert len(pages) > 10
        assert [words(part) for part in (*facts, *links) if words(part) not in flat] == []
        assert [address for address in sorted(pages) if address not in flat] == []
        assert page.xpath("//img|//script|//link|//iframe") == []


def test_a_mail_names_offers_that_the_portal_shows_with_the_same_facts(week):
    visitor = week.app_at()
    mail = week.mail_to("beispiel-leuchtfeuer")
    _text, page = parts(mail)
    addresses = [str(a.get("href")) for a in page.xpath("//a") if "/angebote/" in str(a.get("href"))]
    own = [address for address in addresses if address.startswith(week.at.settings.base_url)]

    assert 3 <= len(own) <= 8
    for address, title in zip(own, page.xpath("//h3"), strict=True):
        shown = visitor.open(address)
        assert shown.status == 200
        assert words(title) in shown.text


def test_the_mail_has_the_headers_that_let_people_leave(week):
    for mail in week.mails().values():
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert re.fullmatch(rf"<http://127\.0\.0\.1:{PORT}/abmelden/[\w.-]+>", mail["List-Unsubscribe"])
        assert mail["Subject"].startswith("[Beispiel] ")


def test_looking_at_an_answer_changes_nothing_and_pressing_the_button_answers(week):
    kita = "beispiel-leuchtfeuer"
    link = answer_links(week.mail_to(kita), Answered.NOT_FOR_US)[0]
    offer_id = _offer_of(week, kita, 0)
    visitor = week.app_at()

    for _ in range(3):  # mail scanners follow links
        asked = visitor.open(link)
        assert asked.status == 200
        assert answers(week, kita) == []

    thanks = visitor.submit(asked, urlsplit(link).path, why="zu laut")
    assert "Danke" in thanks.text
    assert answers(week, kita) == [(offer_id, Answered.NOT_FOR_US)]

    visitor.submit(visitor.open(link), urlsplit(link).path, why="zu laut")  # pressed twice is answered once
    assert answers(week, kita) == [(offer_id, Answered.NOT_FOR_US)]


def test_the_next_ranking_respects_an_answer(week):
    kita = next(each for each in week.at.kitas if each.id == "beispiel-storchenwiese")
    offer_id = _offer_of(week, kita.id, 0)
    moment = NOW + 12 * NEXT  # long after the weeks in which nothing that was sent comes again
    assert isinstance(_explained(week, kita.id, offer_id), Recommendation)
    link = answer_links(week.mail_to(kita.id), Answered.ALREADY_DID)[0]
    visitor = week.app_at()
    visitor.submit(visitor.open(link), urlsplit(link).path)

    removed = _explained(week, kita.id, offer_id)
    assert isinstance(removed, Removed) and removed.rule == "answered"
    later = week_of(TODAY + 12 * NEXT)
    rank_week(week.at.database, week=later, now=moment, kita=kita.id)
    with week.at.database.read() as session:
        digest = digest_of(session, kita.id, week=later)
    assert digest is None or offer_id not in [r.offer for r in digest.recommendations]

    page = visitor.open(f"/antwort/{urlsplit(link).path.rpartition('/')[2]}")
    visitor.submit(visitor.submit(page, urlsplit(link).path), "/zuruecknehmen")
    assert isinstance(_explained(week, kita.id, offer_id), Recommendation)


def test_a_second_run_of_the_week_sends_nothing(week):
    before = {address: mail["Message-ID"] for address, mail in week.mails().items()}

    prepared, report = demo.mail(week.at)

    assert (len(prepared.mails), report.sent) == (0, 0)
    assert {address: mail["Message-ID"] for address, mail in week.mails().items()} == before


def test_one_click_of_a_mail_program_ends_the_mails_and_next_week_brings_others_new_offers(week):
    kita = "beispiel-bernsteinkinder"
    address = _address(week, kita)
    leave = week.mails()[address]["List-Unsubscribe"].strip("<>")
    done = week.app_at().post(leave, **{"List-Unsubscribe": "One-Click"})
    assert done.status == 200

    following = replace(week.at, week=week_of(TODAY + NEXT), now=NOW + NEXT)
    rank_week(following.database, week=following.week, now=following.now)
    demo.mail(following)
    second = Week(following, week.played)

    assert address not in second.mails()
    assert len(second.mails()) >= len(week.mails()) // 2
    mailed = [other.id for other in week.at.kitas if _address(week, other.id) in week.mails()]
    assert [other for other in mailed if _offers(week, other) & _offers(second, other)] == []


def answers(week: Week, kita_id: str) -> list[tuple[str, Answered]]:
    with week.at.database.read() as session:
        return [(stored.feedback.offer, stored.feedback.answer) for stored in feedback_of(session, kita_id)]


def _explained(week: Week, kita_id: str, offer_id: str) -> Recommendation | Removed:
    kita = next(each for each in week.at.kitas if each.id == kita_id)
    with week.at.database.read() as session:
        assert public_offer(session, offer_id) is not None
        return gather(session, week=week.at.week, now=NOW).explain(kita, offer_id)


def _offers(week: Week, kita_id: str) -> set[str]:
    with week.at.database.read() as session:
        digest = digest_of(session, kita_id, week=week.at.week)
    return {recommendation.offer for recommendation in digest.recommendations} if digest else set()


def _offer_of(week: Week, kita_id: str, rank: int) -> str:
    """The offer that stands there in the mail, by its link to the portal."""
    _text, page = parts(week.mail_to(kita_id))
    own = f"{week.at.settings.base_url}/angebote/"
    links = [str(a.get("href")) for a in page.xpath("//a") if str(a.get("href")).startswith(own)]
    return links[rank].removeprefix(own)


def _address(week: Week, kita_id: str) -> str:
    with week.at.database.read() as session:
        return recipients(session, kita_id)[0].recipient.address


def _first_recipient(at: Stage, kita_id: str) -> int:
    with at.database.read() as session:
        return recipients(session, kita_id)[0].id
