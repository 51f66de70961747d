"""The ledger of hosts in the database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from harvesters.fetch.client import Client
from harvesters.fetch.ledger import Robots
from harvesters.ledger import DatabaseLedger
from schemas.db import Database
from tests.factories import NOW
from tests.harvesters.loopback import QUICK, Site


def ledger(database: Database) -> DatabaseLedger:
    return DatabaseLedger(database, lambda: NOW)


def test_slots_of_a_host_are_apart_and_those_of_others_free(database: Database) -> None:
    hosts = ledger(database)

    assert [hosts.reserve("museum.example", 5) for _ in range(3)] == [0, 5, 10]
    assert hosts.reserve("wald.example", 5) == 0


def test_a_slot_that_has_passed_costs_no_wait(database: Database) -> None:
    DatabaseLedger(database, lambda: NOW - timedelta(hours=1)).reserve("museum.example", 5)

    assert ledger(database).reserve("museum.example", 5) == 0


def test_those_who_ask_at_once_get_different_slots(database: Database) -> None:
    hosts = ledger(database)
    hosts.reserve("museum.example", 5)

    with ThreadPoolExecutor(4) as threads:
        waits = list(threads.map(lambda _: hosts.reserve("museum.example", 5), range(4)))

    assert sorted(waits) == [5, 10, 15, 20]


def test_robots_txt_is_remembered_and_replaced(database: Database) -> None:
    hosts = ledger(database)
    hosts.reserve("https://museum.example", 5)
    for text in ("Disallow: /", "Allow: /"):
        hosts.keep_robots("https://museum.example", Robots(200, text, NOW))

    assert hosts.robots("https://museum.example") == Robots(200, "Allow: /", NOW)
    assert hosts.robots("https://wald.example") is None


def test_clients_that_share_the_ledger_ask_for_robots_txt_once(sqlite_database: Database, site: Site) -> None:
    address = site.put("/kita", "ok")

    for _ in range(2):
        Client(QUICK, DatabaseLedger(sqlite_database)).get(address, source="mv_probe")

    assert [path for path, _ in site.asked] == ["/robots.txt", "/kita", "/kita"]
