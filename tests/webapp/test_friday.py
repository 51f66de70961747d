"""The Friday mail: what needs a coordinator before Monday, once, in plain words."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import lxml.html
import pytest

from harvesters.run import take_in
from recommender.filters import RULES
from schemas.harvest import Drift, FillRates, HarvestRun, Issue, Record, RunResult, RunStatus, Source
from schemas.identifiers import offer_id
from schemas.offer import Suitability
from schemas.review import ReviewKind
from schemas.store.illness import ill_sources
from schemas.store.kitas import digest_of, save_kita
from schemas.store.ledger import mark_failed
from schemas.store.letters import LetterEntry, claim_letter, letters_of
from schemas.store.lookups import decide_wording
from schemas.store.offers import published_offers
from schemas.store.reviews import correct
from schemas.store.runs import finish_run, save_source, start_run
from schemas.store.weeks import stop_week, stopped
from schemas.vocabulary import Verdict
from tests.factories import make_kita, make_recipient, make_record, make_source, make_source_offer
from tests.schemas.harvesting import counted_statements
from tests.webapp.site import COORDINATOR, SECRET, THERE, Site
from webapp.digest import Issuing, prepare
from webapp.friday import WHY, write_friday
from webapp.links import Links
from webapp.outlook import REMOVED_WORDS
from webapp.ranking import rank_week

UNSURE = Suitability(verdict=Verdict.UNSURE, probability=0.5)
DEAR = {"model": "per_child", "amount_eur": 90}
MAIL = "koordination@kreis.example"


@pytest.fixture
def friday(both_sites: Site) -> Site:
    """A site on the Friday before week 49, at nine in the morning; both databases."""
    both_sites.now += timedelta(days=4, hours=1)
    return both_sites


def read(
    site: Site,
    source: str,
    status: RunStatus,
    *,
    message: str | None = None,
    remedy: str | None = None,
    drifts: Sequence[tuple[str, int | None]] = (),
) -> int:
    """One run of a source that ended so; ``drifts`` are fields, and the runs since which they are missed."""
    source_issue = Issue(field="source", wording="", rule="fetch.gone", where=source, message=message, remedy=remedy)
    with site.database.begin() as session:
        save_source(session, make_source(source, title=f"Quelle {source}"), origin="file", now=site.now)
        number = start_run(session, source, site.now)
        issues = (source_issue,) if remedy else ()
        run = HarvestRun(
            id=number, source=source, started_at=site.now, finished_at=site.now, status=status, message=message,
            issues=issues,
            fill=FillRates(reader="1", offers=20, drifts=tuple(missed(name, run or number) for name, run in drifts)),
        )  # fmt: skip
        finish_run(session, run)
    site.now += timedelta(minutes=1)
    return number


def missed(field: str, since: int) -> Drift:
    words = {"message": f"Kaum noch {field}.", "remedy": "Die Seite ansehen."}
    return Drift(field=field, rule="drift.filled", was=0.9, now=0.1, since=since, **words)


def write(site: Site):
    issuing = Issuing(site.app.extensions["kitalotse"].regions, Links(SECRET), "http://localhost:8000")
    return write_friday(site.database, issuing, friday=site.now, now=site.now)


def letters(site: Site, region: str = "13075") -> list[LetterEntry]:
    with site.database.read() as session:
        return letters_of(session, region=region, kind="friday")


def only(site: Site) -> LetterEntry:
    (letter,) = letters(site)
    return letter


def settle(site: Site, number: int, **changes) -> None:
    """Kitas ``kita_0`` … that want the mail."""
    with site.database.begin() as session:
        for index in range(number):
            recipients = (make_recipient(f"leitung{index}@kita.example"),)
            about = {"name": f"Kita Nummer {index}", "recipients": recipients} | changes
            kita = make_kita(f"kita_{index}", **about)
            save_kita(session, kita, now=site.now)


# -- when and to whom -------------------------------------------------------------------------------------------------


def test_each_coordinator_gets_one_letter_a_week_however_often_it_is_run(friday):
    first, second = write(friday), write(friday)

    assert (first.written, second.written, second.already) == (2, 0, 2)
    assert [letter.address for letter in letters(friday)] == [MAIL]
    assert [letter.address for letter in letters(friday, "01002")] == ["koordination@kiel.example"]
    friday.now += timedelta(days=7)
    assert write(friday).written == 2


def test_with_nothing_to_say_it_says_so_in_one_line(friday):
    write(friday)

    letter = only(friday)
    assert letter.subject == "Montag, 30.11.: keine Wochenmail, alles ruhig"
    assert "Es ist nichts zu tun" in letter.text
    assert "Es ist nichts zu tun" in letter.html
    assert "Kranke Quellen" not in letter.text


def test_a_coordinator_whose_address_no_server_takes_stops_nobody_else(friday):
    regions = friday.app.extensions["kitalotse"].regions
    broken = regions["13075"].coordinators[0].model_copy(update={"mail": "niemand"})
    regions["13075"] = regions["13075"].model_copy(update={"coordinators": (broken,)})

    report = write(friday)

    assert (report.written, report.wrong_address) == (1, 1)


# -- illnesses --------------------------------------------------------------------------------------------------------


def test_an_illness_is_told_once_and_again_after_a_recovery(friday):
    read(friday, "mv_wald", RunStatus.COMPLETE)
    read(friday, "mv_wald", RunStatus.FAILED, message="Die Seite gibt es nicht mehr.", remedy="Neue Adresse eintragen.")
    read(friday, "mv_wald", RunStatus.FAILED, message="Die Seite antwortet nicht.")
    write(friday)
    told = only(friday)
    assert "1. Quelle mv_wald, seit Freitag, 27. November 2026" in told.text
    assert "Was war: Die Seite antwortet nicht." in told.text
    assert "Was hilft: Öffnen Sie die Adresse der Quelle im Browser." in told.text
    assert ", 1 Quelle krank" in told.subject

    friday.now += timedelta(days=7)
    read(friday, "mv_wald", RunStatus.INCOMPLETE)
    write(friday)
    again = letters(friday)[0]
    assert "Kranke Quellen" not in again.text
    assert "Eine Quelle ist weiterhin krank" in again.text

    friday.now += timedelta(days=7)
    read(friday, "mv_wald", RunStatus.UNCHANGED)
    read(friday, "mv_wald", RunStatus.FAILED, message="Weg.", remedy="Neue Adresse eintragen.")
    write(friday)
    relapse = letters(friday)[0]
    assert "1. Quelle mv_wald" in relapse.text
    assert "Was hilft: Neue Adresse eintragen." in relapse.text


def test_an_illness_whose_letter_failed_is_told_the_week_after(friday):
    read(friday, "mv_wald", RunStatus.FAILED, message="Weg.")
    write(friday)
    with friday.database.begin() as session:
        while entry := claim_letter(session, now=friday.now):
            mark_failed(session, entry, error="550 no such user")

    friday.now += timedelta(days=7)
    write(friday)

    assert "1. Quelle mv_wald" in letters(friday)[0].text


def test_offers_that_state_much_less_than_they_did_are_told_once_and_a_smaller_number_is_not(friday):
    first = read(friday, "mv_wald", RunStatus.COMPLETE, drifts=[("ages", None), ("price", None), ("offers", None)])
    read(friday, "mv_moor", RunStatus.COMPLETE, drifts=[("offers", None)])
    write(friday)
    told = only(friday)
    assert "1. Quelle mv_wald, seit Freitag, 27. November 2026" in told.text
    assert "Was war: Kaum noch ages. Kaum noch price.\n" in told.text
    assert "Was hilft: Die Seite ansehen." in told.text
    assert "mv_moor" not in told.text

    friday.now += timedelta(days=7)
    second = read(friday, "mv_wald", RunStatus.COMPLETE, drifts=[("ages", first), ("schedule", None)])
    write(friday)
    again = letters(friday)[0]
    assert "Was war: Kaum noch schedule." in again.text
    assert "Kaum noch ages" not in again.text

    friday.now += timedelta(days=7)
    read(friday, "mv_wald", RunStatus.UNCHANGED, drifts=[("ages", first), ("schedule", second)])
    with friday.database.read() as session:
        assert [each.first_run for each in ill_sources(session, "13075")] == [first, second]
    read(friday, "mv_wald", RunStatus.FAILED, message="Weg.", drifts=[("ages", first)])
    with friday.database.read() as session:
        assert [each.message for each in ill_sources(session, "13075")] == ["Weg."]
    read(friday, "mv_wald", RunStatus.COMPLETE)
    with friday.database.read() as session:
        assert ill_sources(session, "13075") == []


def test_what_is_off_deleted_well_or_in_another_region_is_not_ill(friday):
    for name in ("mv_aus", "mv_gesund", "sh_kiel", "mv_krank", "mv_laeuft"):
        read(friday, name, RunStatus.FAILED)
    with friday.database.begin() as session:
        save_source(session, make_source("mv_aus", active=False), origin="file", now=friday.now)
        save_source(session, make_source("sh_kiel", region="01002"), origin="file", now=friday.now)
        start_run(session, "mv_laeuft", friday.now)
    read(friday, "mv_gesund", RunStatus.UNCHANGED)

    with friday.database.read() as session:
        assert {each.source.name for each in ill_sources(session, "13075")} == {"mv_krank", "mv_laeuft"}


# -- decisions --------------------------------------------------------------------------------------------------------


def test_the_decisions_that_change_most_come_first_with_reason_and_link(friday):
    settle(friday, 3)
    near, far = friday.harvest(
        make_source_offer("nah", title="Dinos ganz nah", kita_suitability=UNSURE),
        make_source_offer("fern", title="Zu teuer", kita_suitability=UNSURE, price=DEAR),
    )
    friday.harvest(
        make_source_offer("kiel", source="sh_museum"), source=make_source("sh_museum", region="01002", trust="hold")
    )

    write(friday)

    letter = only(friday)
    assert (
        "1. Dinos ganz nah\nKäme in die Auswahl von 3 Kitas mit Wochenmail. Grund: Eignung für Kitas unklar"
        in letter.text
    )
    assert f"Entscheiden: http://kitalotse.example/desk/angebote/{near}" in letter.text
    assert far not in letter.text, "it would be in no Kita's list"
    assert "Insgesamt warten 2 Entscheidungen" in letter.text
    assert ", 1 Entscheidung" in letter.subject


def test_only_kitas_that_get_mondays_mail_count_in_a_decision(friday):
    settle(friday, 1)
    unconfirmed = make_recipient("neu@kita.example", confirmed_at=None, consent_text=None)
    left = make_recipient("weg@kita.example", unsubscribed_at=friday.now)
    with friday.database.begin() as session:
        for kita_id, recipients in {"kita_leer": (), "kita_neu": (unconfirmed,), "kita_weg": (left,)}.items():
            save_kita(session, make_kita(kita_id, recipients=recipients), now=friday.now)
    friday.harvest(make_source_offer(kita_suitability=UNSURE))

    write(friday)

    assert "Käme in die Auswahl von 1 Kita mit Wochenmail." in only(friday).text


def test_what_changes_no_mail_on_monday_is_no_decision_to_name(friday):
    settle(friday, 1, recipients=())
    friday.harvest(make_source_offer(kita_suitability=UNSURE))

    write(friday)

    assert "Entscheidungen, die am Montag" not in only(friday).text


def test_at_most_ten_decisions_are_named(friday):
    settle(friday, 2)
    friday.harvest(
        *(
            make_source_offer(
                f"o{n}", title=f"Angebot Nummer {n}", kita_suitability=UNSURE, provider={"name": f"Haus {n}"}
            )
            for n in range(14)
        )
    )

    write(friday)

    assert len(re.findall(r"^Entscheiden: ", only(friday).text, re.M)) <= 10


def test_what_waits_shortest_takes_part_however_many_wait(friday, monkeypatch):
    monkeypatch.setattr("webapp.outlook._AT_ONCE", 3)
    settle(friday, 2)
    dear = {"kita_suitability": UNSURE, "price": DEAR}
    friday.harvest(*(make_source_offer(f"o{n}", title=f"Zu teuer {n}", **dear) for n in range(7)))
    friday.now += timedelta(hours=1)
    friday.harvest(make_source_offer("neu", title="Gestern gekommen", kita_suitability=UNSURE))

    write(friday)

    assert re.findall(r"^\d+\. (.*)\nKäme in die Auswahl von (\d)", only(friday).text, re.M) == [
        ("Gestern gekommen", "2")
    ]


def test_kitas_whose_mail_is_written_are_not_counted(friday):
    settle(friday, 3)
    friday.harvest(make_source_offer("klar", title="Schon veröffentlicht"))
    friday.harvest(
        make_source_offer("nah", source="mv_neu", title="Dinos ganz nah"), source=make_source("mv_neu", trust="hold")
    )
    rank_week(friday.database, week="2026-W49", now=friday.now, kita="kita_0")
    issuing = Issuing(friday.app.extensions["kitalotse"].regions, Links(SECRET), "http://localhost:8000")
    assert prepare(friday.database, issuing, week="2026-W49", now=friday.now).mails

    write(friday)

    assert "Käme in die Auswahl von 2 Kitas mit Wochenmail." in only(friday).text


def test_looking_ahead_stores_nothing_and_changes_nothing_of_mondays_ranking(friday):
    settle(friday, 1)
    friday.harvest(make_source_offer(kita_suitability=UNSURE))

    write(friday)

    with friday.database.read() as session:
        assert digest_of(session, "kita_0") is None


def test_what_is_published_is_read_once_for_all_regions_and_what_is_held(friday):
    settle(friday, 2)
    friday.harvest(make_source_offer("da", price=DEAR), make_source_offer("wartet", kita_suitability=UNSURE))
    with counted_statements(friday.database) as alone, friday.database.read() as session:
        assert len(list(published_offers(session))) == 1
    reading = alone[-1]

    with counted_statements(friday.database) as sent:
        report = write(friday)

    assert report.written == 2
    assert "Käme in die Auswahl von 2 Kitas" in only(friday).text
    assert sent.count(reading) == 1


# -- wording that was not understood ----------------------------------------------------------------------------------


def understand(site: Site, source: Source, *said: Record) -> None:
    """One run that read ``said``, with all that our normaliser understands of it and what not."""
    take_in(site.database, source, RunResult(records=said, complete=True), now=site.now)
    site.now += timedelta(minutes=1)


def said(key: str, price: str, *, words: dict[str, str] | None = None, **changes: Any) -> Record:
    others = {"ages": "3 bis 6 Jahre", "audience": "Kita-Gruppen", "modes": "in der Kita"} | (words or {})
    return make_record(
        key, words={"price": price} | others, text="Für Kita-Gruppen. Wir kommen zu Ihnen in die Kita.", **changes
    )


def decisions(letter: LetterEntry) -> list[tuple[str, str]]:
    return re.findall(r"^\d+\. (.*)\n(.*)$", letter.text.partition("am meisten ändern")[2], re.M)


def test_wording_is_ranked_by_the_mails_with_an_offer_that_says_it(friday):
    settle(friday, 2)
    with friday.database.begin() as session:
        save_kita(session, make_kita("kita_ohne_mail", recipients=()), now=friday.now)
    trusted = make_source(trust="publish")
    understand(
        friday,
        trusted,
        said("a", "fast nix", title="Dinos ausgraben"),
        said("b", "fast nix", title="Musik mit Trommeln"),
        said("c", "nach Gefühl", title="Wald und Wiese", words={"provider": "Waldhaus"}),
    )

    write(friday)

    letter = only(friday)
    assert decisions(letter) == [
        (
            f"„{words}“",
            "Steht bei Angeboten in den Wochenmails von 2 Kitas. Grund: diese Worte verstehen wir nicht",
        )
        for words in ("fast nix", "nach Gefühl")
    ]
    assert ", 2 Entscheidungen" in letter.subject
    link = re.findall(r"Entscheiden: http://kitalotse\.example(/\S*)", letter.text)[0]
    assert "fast nix" in friday.coordinator().get(link).text


def test_wording_and_offers_are_one_list_the_most_mails_first(friday):
    settle(friday, 2)
    friday.harvest(make_source_offer("x", title="Dinos ganz nah", kita_suitability=UNSURE))
    understand(friday, make_source("mv_zwei", trust="publish"), said("a", "fast nix", source="mv_zwei", title="Wald"))
    with friday.database.begin() as session:
        dear = make_kita("kita_1", recipients=(make_recipient("leitung1@kita.example"),), max_cost_per_child_eur=1.0)
        save_kita(session, dear, now=friday.now)

    write(friday)

    assert [title for title, _ in decisions(only(friday))] == ["„fast nix“", "Dinos ganz nah"]


@pytest.mark.parametrize("why", ["nobody is mailed it", "it is held", "it was corrected", "it was decided", "written"])
def test_wording_that_can_change_no_mail_is_no_decision_to_name(friday, why):
    settle(friday, 1, **({"recipients": ()} if why == "nobody is mailed it" else {}))
    understand(friday, make_source(trust="hold" if why == "it is held" else "publish"), said("a", "fast nix"))
    if why == "it was corrected":
        with friday.database.begin() as session:
            correct(session, offer_id("mv_beispielmuseum", "a", 0), "price", {"model": "free"}, by="x", now=friday.now)
    if why == "it was decided":
        with friday.database.begin() as session:
            decide_wording(session, 1, None, by="x", now=friday.now)
    if why == "written":
        rank_week(friday.database, week="2026-W49", now=friday.now)
        issuing = Issuing(friday.app.extensions["kitalotse"].regions, Links(SECRET), "http://localhost:8000")
        assert prepare(friday.database, issuing, week="2026-W49", now=friday.now).mails

    write(friday)

    assert "verstehen wir nicht" not in only(friday).text


# -- Kitas, preview, stopping -----------------------------------------------------------------------------------------


def test_kitas_with_little_to_choose_from_are_named_with_the_reason(friday):
    settle(friday, 1)
    friday.harvest(make_source_offer(price=DEAR))

    write(friday)

    letter = only(friday)
    assert "- Kita Nummer 0: 0. Ausgeschlossen vor allem: teurer als der Rahmen der Kita (1)" in letter.text
    assert "1 Kita mit wenig Auswahl" in letter.subject


def test_every_link_of_the_letter_leads_somewhere_and_none_acts_when_opened(friday):
    settle(friday, 1)
    friday.harvest(make_source_offer(kita_suitability=UNSURE))
    read(friday, "mv_wald", RunStatus.FAILED)
    write(friday)
    letter = only(friday)
    links = set(re.findall(r"http://kitalotse\.example(/[^\s\"<]*)", letter.text))
    assert links == set(re.findall(r"href=\"http://kitalotse\.example(/[^\"]*)\"", letter.html))

    coordinator, visitor = friday.coordinator(), friday.client()

    known = {rule.endpoint for rule in friday.app.url_map.iter_rules()}
    missing = {"/desk/quellen": "sources.home", "/desk/offen": "held.home"}
    expected = {link for link in links if missing.get(link.partition("?")[0], "week.home") in known}
    assert {link: coordinator.get(link).status_code for link in expected} == dict.fromkeys(expected, 200)
    stop = next(link for link in links if link.startswith("/anhalten/"))
    assert visitor.get(stop).status_code == 200
    assert visitor.get("/desk/woche").status_code == 403
    with friday.database.read() as session:
        assert stopped_by(session) is None


def stopped_by(session):
    found = stopped(session, "13075", "2026-W49")
    return found.by if found else None


def test_a_stopped_week_is_said_and_the_link_lets_it_go(friday):
    with friday.database.begin() as session:
        stop_week(session, "13075", "2026-W49", by=COORDINATOR, now=friday.now)

    write(friday)

    letter = only(friday)
    assert "die Wochenmails vom Montag, 30. November 2026, hat Koordination Greifswald angehalten" in letter.text
    assert "Doch verschicken: http://kitalotse.example/anhalten/" in letter.text
    assert "angehalten" in letter.subject


def test_hostile_titles_stay_text(friday):
    settle(friday, 1)
    title = '<script>alert(1)</script>\r\nBcc: x@y.example "><img src=x>'
    friday.harvest(make_source_offer(title=title, kita_suitability=UNSURE))

    write(friday)

    letter = only(friday)
    document = lxml.html.fromstring(letter.html)
    assert document.xpath("//script | //img") == []
    assert "<script>alert(1)</script>" in document.text_content()
    assert "\nBcc" not in letter.text
    assert "\n" not in letter.subject


def test_the_other_region_sees_nothing_of_ours(friday):
    settle(friday, 1)
    read(friday, "mv_wald", RunStatus.FAILED)
    friday.harvest(make_source_offer(kita_suitability=UNSURE))

    write(friday)

    (theirs,) = letters(friday, "01002")
    assert "Es ist nichts zu tun" in theirs.text
    assert THERE in theirs.text
    assert "Kita Nummer" not in theirs.text


def test_every_reason_has_words():
    assert set(WHY) == set(ReviewKind)
    assert set(REMOVED_WORDS) == {rule.name for rule in RULES}
