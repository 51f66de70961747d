"""Who gets a mail this week, and who does not."""

import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from click.testing import CliRunner

from schemas.region import Region
from schemas.review import DecisionKind
from schemas.store.digests import DigestState, counts, ledger
from schemas.store.kitas import kita_by_id, recipients, save_kita, unsubscribe
from schemas.store.reviews import decide
from tests.factories import make_kita, make_place, make_recipient
from tests.webapp.mail_setup import LINKS, NOW, PORTAL, REGION, SENDING, WEEK, ObedientTransport, fill_ledger
from tests.webapp.publishing import WOOD, publish_offers
from webapp.cli import main
from webapp.digest import Issuing, prepare, preview
from webapp.mail.sender import send_due
from webapp.mail.transports import InDoubt
from webapp.ranking import rank_week

ISSUING = Issuing({REGION.key: REGION}, LINKS, PORTAL)
FAR = make_place(postcode="80331", locality="München", ags=None, kreis="09162", lat=48.14, lon=11.57)


@pytest.fixture
def stage(database):
    """Two offers, and Kitas of every sort, ranked."""
    stage_week(database)
    return database


def stage_week(database) -> None:
    publish_offers(database, NOW, {}, WOOD)
    one, two, unasked = (
        make_recipient(),
        make_recipient("team@kita.example"),
        make_recipient("x@y.example", confirmed_at=None),
    )
    with database.begin() as session:
        for kita in (
            make_kita("kita_zwei", recipients=(one, two)),
            make_kita("kita_unbestaetigt", recipients=(unasked,)),
            make_kita("kita_fern", recipients=(one,), place=FAR, accepts_mobile=False),
            make_kita("kita_anderswo", recipients=(one,), region="01002"),
            make_kita("kita_niemand"),
        ):
            save_kita(session, kita, now=NOW)
    rank_week(database, week=WEEK, now=NOW)


def test_confirmed_recipients_get_a_mail_each_and_nobody_else(stage):
    prepared = prepare(stage, ISSUING, week=WEEK, now=NOW)

    assert [mail.kita for mail in prepared.mails] == ["kita_zwei", "kita_zwei"]
    assert (prepared.nothing_good, prepared.without_region, prepared.already) == (1, 1, 0)
    with stage.read() as session:
        rows = ledger(session, week=WEEK)
    assert {row.address for row in rows} == {"leitung@kita.example", "team@kita.example"}
    assert {row.state for row in rows} == {DigestState.NEW}
    assert rows[0].text != rows[1].text, "each has its own link to leave"


def test_preparing_again_writes_nothing_and_a_new_recipient_is_added(stage):
    prepare(stage, ISSUING, week=WEEK, now=NOW)
    with stage.begin() as session:
        save_kita(session, make_kita("kita_zwei", recipients=(make_recipient("neu@kita.example"),)), now=NOW)

    again = prepare(stage, ISSUING, week=WEEK, now=NOW)

    assert (len(again.mails), again.already) == (1, 2)


def test_a_dry_run_says_who_would_get_what_and_why_and_writes_nothing(stage):
    prepared = prepare(stage, ISSUING, week=WEEK, now=NOW, dry_run=True)

    assert len(prepared.mails[0].offers) == 2
    assert all(reasons for reasons in prepared.mails[0].reasons)
    with stage.read() as session:
        assert sum(counts(session, week=WEEK).values()) == 0


def test_an_offer_that_was_rejected_after_ranking_is_not_mailed(stage):
    with stage.read() as session:
        offer = prepare(stage, ISSUING, week=WEEK, now=NOW, dry_run=True).mails[0].offers[0]
    with stage.begin() as session:
        decide(session, offer, DecisionKind.REJECT, by="Koordination", now=NOW)

    (mail, _) = prepare(stage, ISSUING, week=WEEK, now=NOW).mails

    assert offer not in mail.offers
    assert len(mail.offers) == 1


def test_who_has_unsubscribed_gets_no_row(stage):
    with stage.begin() as session:
        first, _ = recipients(session, "kita_zwei")
        unsubscribe(session, first.id, now=NOW)

    prepared = prepare(stage, ISSUING, week=WEEK, now=NOW)

    assert [mail.recipient for mail in prepared.mails] != [first.id]
    assert len(prepared.mails) == 1


def test_a_mail_can_be_looked_at_before_it_is_written(stage):
    with stage.read() as session:
        two, far = kita_by_id(session, "kita_zwei"), kita_by_id(session, "kita_fern")
        assert two is not None
        assert far is not None
        seen = preview(session, two, ISSUING, week=WEEK, today=NOW.date())
        nothing = preview(session, far, ISSUING, week=WEEK, today=NOW.date())

    assert seen is not None
    assert nothing is None
    prepare(stage, ISSUING, week=WEEK, now=NOW)
    with stage.read() as session:
        assert seen.text == ledger(session, week=WEEK)[0].text


def test_the_text_of_a_facts_only_source_is_in_no_mail(stage):
    prepare(stage, ISSUING, week=WEEK, now=NOW)

    with stage.read() as session:
        row = ledger(session, week=WEEK)[0]
    assert WOOD["title"] in row.text
    assert WOOD["summary"] not in row.text + row.html
    assert WOOD["description"] not in row.text + row.html


def test_the_command_writes_and_sends_once_and_says_what_it_did(sqlite_database, sqlite_url, tmp_path):
    data = tmp_path / "data"
    (data / "regions").mkdir(parents=True)
    (data / "regions" / "vg.toml").write_text(region_file(REGION))
    now = datetime.now(UTC)
    publish_offers(sqlite_database, now - timedelta(days=1), {}, WOOD)
    with sqlite_database.begin() as session:
        save_kita(session, make_kita("kita_zwei", recipients=(make_recipient(),)), now=now)

    def run(*words: str):
        arguments = [*words, "--database", sqlite_url, "--json"]
        result = CliRunner().invoke(main, arguments, env={"KITALOTSE_DATA_DIR": str(data)})
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    assert run("recommend")["with_offers"] == 1
    assert run("digest", "--dry-run")["sent"] is None
    first, second = run("digest"), run("digest")

    assert (first["sent"]["sent"], second["sent"]["sent"], second["already"]) == (1, 0, 1)
    assert second["ledger"] == {"new": 0, "sending": 0, "sent": 1, "unsure": 0, "failed": 0}
    (file,) = (data / "outbox").iterdir()
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["To"] == "leitung@kita.example"
    assert mail["Subject"].startswith("[Beispiel] ")


def test_the_command_names_every_doubt(sqlite_database, sqlite_url, tmp_path):
    fill_ledger(sqlite_database, 1)
    send_due(sqlite_database, ObedientTransport(lambda _n: InDoubt("cut")), SENDING, lambda: NOW)
    arguments = ["digest", "--week", WEEK, "--database", sqlite_url]

    result = CliRunner().invoke(main, arguments, env={"KITALOTSE_DATA_DIR": str(tmp_path)})
    as_json = CliRunner().invoke(main, [*arguments, "--json"], env={"KITALOTSE_DATA_DIR": str(tmp_path)})

    assert "may or may not have been sent, look it up at the relay: kita_0 <2026-w49." in result.stdout
    assert [(doubt["kita"], doubt["error"]) for doubt in json.loads(as_json.stdout)["doubts"]] == [("kita_0", "cut")]


def region_file(region: Region) -> str:
    values = region.model_dump(include={"key", "name", "land", "base_url", "sender_mail"})
    return "\n".join(f'{name} = "{value}"' for name, value in values.items())
