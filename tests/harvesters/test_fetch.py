"""The only door to the network: manners, limits, and what it refuses."""

import gzip
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from threading import Barrier, Thread

import pytest

from harvesters.fetch.addresses import Address, is_allowed, is_public, plain_url
from harvesters.fetch.client import Client, FetchSettings, fetch
from harvesters.fetch.ledger import MemoryLedger, Robots
from harvesters.fetch.limits import BrokenEncoding, TooLarge, bounded_body
from harvesters.problems import ReadError
from schemas.exclusion import Exclusions
from tests.factories import NOW
from tests.harvesters.loopback import QUICK, Answer, Site

STRANGER = replace(QUICK, allow_loopback=False, attempts=1)


def refused(address: str, settings: FetchSettings = STRANGER) -> ReadError:
    with pytest.raises(ReadError) as caught:
        fetch(address, source="mv_probe", settings=settings)
    return caught.value


def test_an_answer_carries_body_address_and_charset(site: Site) -> None:
    address = site.put("/a.csv", "Titel\nWald", Content_Type="text/csv; charset=windows-1252")

    fetched = fetch(address, settings=QUICK)

    assert (fetched.content, fetched.url, fetched.charset) == (b"Titel\nWald", address, "windows-1252")


def test_we_say_who_we_are_and_send_no_cookies(site: Site) -> None:
    fetch(site.put("/a", "x", Set_Cookie="id=1"), settings=QUICK)
    client = Client(QUICK)
    client.get(f"{site.base}/a", source="mv_probe")
    client.get(f"{site.base}/a", source="mv_probe")

    headers = [headers for _, headers in site.asked]
    assert all(each["user-agent"].startswith("Kitalotse/") for each in headers)
    assert all("(+https://kitalotse.example/bot)" in each["user-agent"] for each in headers)
    assert not any("cookie" in each for each in headers)


# -- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "localhost.", "0.0.0.0"])
def test_loopback_is_refused_unless_allowed(host: str) -> None:
    error = refused(f"http://{host}:8080/kita")

    assert error.rule == "fetch.refused"
    assert f"http://{host}:8080/kita" in str(error)
    assert "mv_probe" in str(error)


@pytest.mark.parametrize(
    "answer",
    ["127.0.0.1", "10.0.0.7", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "0.0.0.0",
     "::1", "fe80::1", "fc00::1", "fec0::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1"],
)  # fmt: skip
def test_a_name_that_resolves_to_an_inner_address_is_refused(answer: str) -> None:
    def resolve(host: str, port: int) -> list[Address]:
        return [ip_address("93.184.216.34"), ip_address(answer)]

    with pytest.raises(ReadError) as caught:
        Client(STRANGER, resolve=resolve).get("https://museum.example/", source="mv_probe")

    assert caught.value.rule == "fetch.refused"
    assert not is_public(ip_address(answer))


def test_a_decimal_address_is_what_the_system_reads_in_it() -> None:
    def resolve(host: str, port: int) -> list[Address]:
        return [ip_address(int(host))]

    with pytest.raises(ReadError) as caught:
        Client(STRANGER, resolve=resolve).get("http://2130706433/", source="mv_probe")

    assert caught.value.rule == "fetch.refused"


def test_the_connection_goes_to_the_address_that_was_checked(site: Site) -> None:
    address = site.put("/kita", "ok").replace("127.0.0.1", "museum.example")
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[Address]:
        asked.append(host)
        return [ip_address("127.0.0.1")]

    fetched = Client(QUICK, resolve=resolve).get(address, source="mv_probe")

    assert fetched.content == b"ok"
    assert asked == ["museum.example", "museum.example"]  # robots.txt and the page, one look-up each
    assert site.asked[-1][1]["host"].startswith("museum.example")


@pytest.mark.parametrize(
    ("address", "port", "loopback", "allowed"),
    [
        ("93.184.216.34", 443, False, True),
        ("93.184.216.34", 80, True, True),
        ("93.184.216.34", 8080, True, False),
        ("127.0.0.1", 8080, True, True),
        ("127.0.0.1", 80, False, False),
        ("10.0.0.1", 80, True, False),
        ("2a00:1450:4001::1", 443, False, True),
    ],
)
def test_public_addresses_on_web_ports_only(address: str, port: int, loopback: bool, allowed: bool) -> None:
    assert is_allowed(ip_address(address), port, allow_loopback=loopback) is allowed


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "scheme"),
        ("ftp://museum.example/", "scheme"),
        ("data:text/html,x", "scheme"),
        ("gopher://127.0.0.1/", "scheme"),
        ("https://user:secret@museum.example/", "credentials"),
        ("https:///kita", "url"),
        ("http://museum.example:99999/", "url"),
        ("http://[::1/", "url"),
    ],
)
def test_only_plain_web_addresses_are_fetched(url: str, reason: str) -> None:
    assert plain_url(url) == reason
    assert refused(url).rule == "fetch.refused"


# -- redirects and robots.txt -----------------------------------------------------------------------------------------


def test_a_redirect_is_followed_and_told(site: Site) -> None:
    site.put("/neu", "da")
    fetched = fetch(site.put("/alt", status=301, Location="/neu"), settings=QUICK)

    assert (fetched.content, fetched.url) == (b"da", f"{site.base}/neu")


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/", "http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "//u:p@host/"]
)
def test_a_redirect_to_where_we_may_not_go_is_refused(site: Site, target: str) -> None:
    def resolve(host: str, port: int) -> list[Address]:
        return [ip_address(host)]

    address = site.put("/weiter", status=302, Location=target)

    with pytest.raises(ReadError) as caught:
        Client(QUICK, resolve=resolve).get(address, source="mv_probe")

    assert caught.value.rule == "fetch.refused"
    assert caught.value.address == address
    assert "weitergeleitet" in caught.value.happened


def test_a_stranger_is_not_redirected_to_loopback(site: Site) -> None:
    """Loopback is refused wherever it comes from: the first address here stands for a public one."""
    public = site.put("/weiter", status=302, Location="http://127.0.0.1:9/geheim")
    client = Client(replace(QUICK, allow_loopback=True))
    client.settings = STRANGER  # from now on as on a real machine

    with pytest.raises(ReadError) as caught:
        client.get(public, source="mv_probe")

    assert caught.value.rule == "fetch.refused"
    assert site.paths() == []


def test_a_circle_of_redirects_ends(site: Site) -> None:
    error = refused(site.put("/kreis", status=302, Location="/kreis"), QUICK)

    assert error.rule == "fetch.redirects"
    assert len(site.paths()) == 6


def test_robots_txt_is_obeyed_and_asked_once(site: Site) -> None:
    site.put("/robots.txt", "User-agent: Kitalotse\nDisallow: /intern/\n\nUser-agent: *\nDisallow: /\n")
    site.put("/kita", "ok")
    client = Client(QUICK)

    assert client.get(f"{site.base}/kita", source="mv_probe").content == b"ok"
    with pytest.raises(ReadError) as caught:
        client.get(f"{site.base}/intern/plan", source="mv_probe")

    assert caught.value.rule == "fetch.robots"
    assert [path for path, _ in site.asked] == ["/robots.txt", "/kita"]


def test_robots_txt_holds_after_a_redirect(site: Site) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /intern/")

    error = refused(site.put("/kita", status=302, Location="/intern/plan"), QUICK)

    assert error.rule == "fetch.robots"


def test_a_server_whose_robots_txt_fails_is_left_alone(site: Site) -> None:
    site.put("/robots.txt", status=503)
    site.put("/kita", "ok")

    error = refused(f"{site.base}/kita", QUICK)

    assert error.rule == "fetch.status"
    assert error.address == f"{site.base}/kita"
    assert site.paths() == []


def test_a_crawl_delay_is_kept(site: Site) -> None:
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 7")
    site.put("/kita", "ok")
    slept: list[float] = []
    client = Client(QUICK, sleep=slept.append)

    client.get(f"{site.base}/kita", source="mv_probe")
    client.get(f"{site.base}/kita", source="mv_probe")

    assert [round(seconds) for seconds in slept] == [7]


def test_processes_that_share_a_ledger_take_different_slots() -> None:
    ledger, barrier, waits = MemoryLedger(), Barrier(4), []

    def ask() -> None:
        barrier.wait()
        waits.append(ledger.reserve("museum.example", 10))

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(round(wait / 10) for wait in waits) == [0, 1, 2, 3]


def test_an_old_robots_txt_is_asked_again(site: Site) -> None:
    ledger = MemoryLedger()
    ledger.keep_robots(site.base, Robots(200, "User-agent: *\nDisallow: /", NOW.replace(year=2020)))
    site.put("/kita", "ok")

    assert Client(QUICK, ledger).get(f"{site.base}/kita", source="mv_probe").content == b"ok"


# -- conditional requests ---------------------------------------------------------------------------------------------


def test_a_conditional_request_is_answered_with_not_modified(site: Site) -> None:
    address = site.put("/a.json", "[]", ETag='"1"', Last_Modified="Mon, 23 Nov 2026 07:00:00 GMT")
    first = fetch(address, settings=QUICK)

    second = Client(QUICK).get(address, source="mv_probe", validators={address: first.validators})

    assert first.validators is not None
    assert second.not_modified
    assert site.asked[-1][1]["if-none-match"] == '"1"'
    assert site.asked[-1][1]["if-modified-since"] == "Mon, 23 Nov 2026 07:00:00 GMT"


# -- what servers do wrong --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "rule"),
    [(404, "fetch.not_found"), (410, "fetch.gone"), (403, "fetch.forbidden"), (418, "fetch.status")],
)
def test_a_status_becomes_a_message_with_source_address_and_remedy(site: Site, status: int, rule: str) -> None:
    address = site.put("/kita", status=status)

    error = refused(address, QUICK)

    assert error.rule == rule
    assert str(error).startswith("mv_probe: ")
    assert address in str(error) and str(status) in str(error)
    assert "Bitte" in error.remedy
    assert len(site.paths()) == 1


def test_a_busy_server_is_tried_again(site: Site) -> None:
    site.answers["/kita"] = [Answer(status=503), Answer(b"ok")]

    assert fetch(f"{site.base}/kita", settings=QUICK).content == b"ok"


def test_a_server_that_stays_busy_is_named(site: Site) -> None:
    error = refused(site.put("/kita", status=503), QUICK)

    assert error.rule == "fetch.status"
    assert "503" in error.happened
    assert len(site.paths()) == QUICK.attempts


def test_retry_after_is_waited_for_when_it_is_short(site: Site) -> None:
    site.answers["/kita"] = [Answer(status=429, headers={"Retry-After": "0"}), Answer(b"ok")]

    assert fetch(f"{site.base}/kita", settings=QUICK).content == b"ok"


def test_a_long_retry_after_ends_the_reading_for_today(site: Site) -> None:
    error = refused(site.put("/kita", status=503, Retry_After="3600"), QUICK)

    assert len(site.paths()) == 1
    assert "60 Minuten" in error.happened


def test_nobody_listens() -> None:
    assert refused("http://127.0.0.1:9/kita", QUICK).rule == "fetch.unreachable"


def test_a_body_that_is_cut_off_is_no_body(site: Site) -> None:
    site.put("/a.json", '[{"titel": "Wald"}', Content_Length="500")

    assert refused(f"{site.base}/a.json", QUICK).rule == "fetch.cut"


def test_a_body_over_the_limit_is_refused(site: Site) -> None:
    error = refused(site.put("/gross", b"x" * 20_000), replace(QUICK, max_wire_bytes=10_000))

    assert error.rule == "fetch.too_large"


def test_a_gzip_bomb_stops_at_the_limit(site: Site) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    site.put("/bombe", bomb, Content_Encoding="gzip")

    error = refused(f"{site.base}/bombe", replace(QUICK, max_decoded_bytes=1_000_000))

    assert error.rule == "fetch.too_large"
    assert len(bomb) < 100_000


def test_compression_we_did_not_ask_for_is_refused(site: Site) -> None:
    assert refused(site.put("/br", b"x", Content_Encoding="br"), QUICK).rule == "fetch.encoding"


def test_a_body_that_drips_ends_with_the_deadline(site: Site) -> None:
    def drip() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x"
            time.sleep(0.05)

    site.answers["/tropf"] = Answer(chunks=drip)
    begun = time.monotonic()

    error = refused(f"{site.base}/tropf", replace(QUICK, total_s=0.4, timeout_s=5, attempts=1))

    assert error.rule == "fetch.timeout"
    assert time.monotonic() - begun < 3


# -- decoding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gzip", "deflate", ""])
def test_bodies_are_decoded(encoding: str) -> None:
    body = "Führung".encode() * 1000
    sent = {"gzip": gzip.compress(body), "deflate": zlib.compress(body), "": body}[encoding]
    pieces = [sent[i : i + 7] for i in range(0, len(sent), 7)]

    assert bounded_body(pieces, encoding, max_wire=10**6, max_decoded=10**6) == body


def test_two_gzip_members_are_one_body() -> None:
    sent = gzip.compress(b"eins ") + gzip.compress(b"zwei")

    assert bounded_body([sent], "gzip", max_wire=1000, max_decoded=1000) == b"eins zwei"


@pytest.mark.parametrize("sent", [b"kein gzip", gzip.compress(b"x" * 5000, mtime=0)[:-9]], ids=["no gzip", "cut off"])
def test_broken_compression_is_noticed(sent: bytes) -> None:
    with pytest.raises(BrokenEncoding):
        bounded_body([sent], "gzip", max_wire=10**6, max_decoded=10**6)


def test_the_limit_on_the_wire_counts_compressed_bytes() -> None:
    with pytest.raises(TooLarge):
        bounded_body([b"x" * 600, b"x" * 600], "gzip", max_wire=500, max_decoded=10**6)


# -- whom nothing is asked of ------------------------------------------------------------------------------------------


def test_an_excluded_host_is_asked_for_nothing_not_even_robots_txt(site: Site) -> None:
    address = site.put("/kita", "ok")

    error = refused(address, replace(QUICK, excluded=Exclusions(hosts=frozenset({"127.0.0.1"}))))

    assert error.rule == "fetch.excluded"
    assert "auf Wunsch des Anbieters" in error.happened
    assert site.asked == []


def test_an_excluded_page_is_not_reached_by_a_redirect(site: Site) -> None:
    site.put("/alt", status=301, Location="/museum/kita")
    site.put("/museum/kita", "ok")
    spelled = f"{site.base.removeprefix('http://')}/museum"

    error = refused(f"{site.base}/alt", replace(QUICK, excluded=Exclusions(addresses=(spelled,))))

    assert error.rule == "fetch.excluded"
    assert site.paths() == ["/alt"]


def test_robots_txt_is_not_read_at_an_excluded_place_either(site: Site) -> None:
    site.put("/robots.txt", status=302, Location="/museum/robots.txt")
    site.put("/kita", "ok")
    spelled = f"{site.base.removeprefix('http://')}/museum"

    fetched = fetch(f"{site.base}/kita", settings=replace(QUICK, excluded=Exclusions(addresses=(spelled,))))

    assert fetched.content == b"ok"
    assert site.paths() == ["/kita"]
