"""Limits count attempts in the database, under a hash, in fixed spans of time."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from werkzeug.exceptions import TooManyRequests

from schemas.store.rates import count, counted, purge_rates
from schemas.tables.letters import rates
from webapp.limits import HONEYPOT, allow, is_robot, too_many

HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def attempts(site, number, *, visitor="192.0.2.7", now=NOON, name="entry", key=None):
    allowed = []
    for _ in range(number):
        request = site.app.test_request_context(environ_overrides={"REMOTE_ADDR": visitor})
        with request, site.database.begin() as session:
            allowed.append(allow(session, name, most=2, per=HOUR, now=now, key=key))
    return allowed


def test_the_first_are_allowed_and_the_next_span_begins_anew(both_sites):
    assert attempts(both_sites, 3, now=NOON + timedelta(minutes=1)) == [True, True, False]
    assert attempts(both_sites, 1, now=NOON + timedelta(minutes=59)) == [False]
    assert attempts(both_sites, 1, now=NOON + HOUR) == [True]


def test_visitors_and_names_are_counted_apart(site):
    attempts(site, 2)

    assert attempts(site, 1) == [False]
    assert attempts(site, 1, visitor="192.0.2.8") == [True]
    assert attempts(site, 1, name="report") == [True]
    assert attempts(site, 1, key="192.0.2.9") == [True]


def test_one_household_of_ipv6_counts_as_one(site):
    attempts(site, 2, visitor="2001:db8:1:2::1")

    assert attempts(site, 1, visitor="2001:db8:1:2:ffff::9") == [False]
    assert attempts(site, 1, visitor="2001:db8:1:3::1") == [True]
    attempts(site, 1, visitor="::ffff:192.0.2.9")
    assert attempts(site, 2, visitor="192.0.2.9") == [True, False]


def test_no_address_is_kept(site):
    attempts(site, 1)

    with site.database.read() as session:
        (row,) = session.execute(select(rates)).all()
    assert "192" not in row.key
    assert len(row.key) == 64


def test_counts_are_forgotten_after_a_day(database):
    with database.begin() as session:
        count(session, "entry", "k", window=NOON)
        count(session, "entry", "k", window=NOON + HOUR)

        assert purge_rates(session, NOON + timedelta(days=1, seconds=1)) == 1
        assert counted(session, "entry", "k", window=NOON) == 0
        assert counted(session, "entry", "k", window=NOON + HOUR) == 1


@pytest.mark.parametrize(("per", "words"), [(HOUR, None), (timedelta(days=1), "morgen")])
def test_too_many_says_when_to_come_again(site, per, words):
    with site.app.test_request_context(), pytest.raises(TooManyRequests) as raised:
        too_many(per)

    assert ("Retry-After", str(int(per.total_seconds()))) in raised.value.get_headers()
    assert words is None or words in str(raised.value.description)


def test_who_fills_in_the_hidden_field_is_a_robot(site):
    with site.app.test_request_context():
        html = str(site.app.jinja_env.get_template("pages/_forms.html").module.honeypot())

    assert f'name="{HONEYPOT}"' in html
    assert 'tabindex="-1"' in html
    assert is_robot({HONEYPOT: "http://spam.example"})
    assert not is_robot({HONEYPOT: " "})
    assert not is_robot({})
