"""The tests' own tools do what the other tests rely on."""

import http.client
import shutil
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import inspect, text
from sqlalchemy.engine import make_url

from schemas.db import Database
from tests.network_guard import NetworkForbidden, NetworkGuard, is_this_machine
from tests.postgres_server import find_binaries

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
HOLD_SERVER = """
import time
from urllib.parse import parse_qs, urlsplit
from tests.postgres_server import find_binaries, postgres_server
with postgres_server(find_binaries()) as url:
    print(parse_qs(urlsplit(url).query)["host"][0], flush=True)
    time.sleep(60)
"""


class Hello(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write("<title>Grüße</title><h1>Hallo</h1>".encode())

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def hello():
    server = HTTPServer(("127.0.0.1", 0), Hello)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "leave", [lambda: socket.create_connection(("192.0.2.1", 80), 1), lambda: socket.getaddrinfo("museum.example", 80)]
)
def test_leaving_the_machine_raises_and_is_remembered(network_guard: NetworkGuard, leave):
    with pytest.raises(NetworkForbidden, match="loopback only"):
        leave()

    assert len(network_guard.attempts) == 1
    network_guard.attempts.clear()


def test_a_datagram_to_elsewhere_raises(network_guard: NetworkGuard):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(NetworkForbidden):
        sock.sendto(b"x", ("192.0.2.1", 53))

    network_guard.attempts.clear()


def test_loopback_is_reachable(hello):
    connection = http.client.HTTPConnection("localhost", hello)
    connection.request("GET", "/")

    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.9", True),
        ("::1", True),
        ("localhost", True),
        (b"localhost", True),
        ("localhost.museum.example", False),
        ("10.0.0.1", False),
    ],
)
def test_only_loopback_is_this_machine(host, here):
    assert is_this_machine(host) is here


def test_a_postgres_server_dies_with_the_tests_that_were_killed():
    binaries = find_binaries()
    if binaries is None or shutil.which("setpriv") is None:
        pytest.skip("needs a PostgreSQL server and setpriv of util-linux")
    tests = subprocess.Popen([sys.executable, "-c", HOLD_SERVER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with tests:
        assert tests.stdout is not None
        folder = Path(tests.stdout.readline().strip())
        server = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        tests.kill()

    end = time.monotonic() + 20
    while Path(f"/proc/{server}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)
    assert not Path(f"/proc/{server}").exists()


def test_each_postgres_database_is_new(postgres_databases):
    first, second = postgres_databases.create(), postgres_databases.create()

    with psycopg.connect(make_url(first).set(drivername="postgresql").render_as_string()) as connection:
        connection.execute("CREATE TABLE only_here (n int)")
    with psycopg.connect(make_url(second).set(drivername="postgresql").render_as_string()) as connection:
        assert connection.execute("SELECT to_regclass('only_here')").fetchone() == (None,)

    for url in (first, second):
        postgres_databases.drop(url)


def test_the_browser_shows_a_page_on_loopback(browser, hello):
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{hello}/")

    assert page.title() == "Grüße"
    page.close()


CONFTEST_UNDER_TEST = """
import pytest
from tests import conftest
conftest.ON_CI = {on_ci}
from tests.conftest import pytest_collection_modifyitems, pytest_runtest_makereport

@pytest.fixture
def shared():
    pytest.skip("nothing there")
"""


@pytest.mark.parametrize(("on_ci", "outcome"), [(False, {"skipped": 2}), (True, {"errors": 1, "skipped": 1})])
def test_a_skip_for_want_of_data_is_an_error_on_ci_only(pytester, monkeypatch, on_ci, outcome):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    pytester.makeini("[pytest]\nmarkers =\n  corpus: x\n  browser: x\n  postgres: x\n")
    pytester.makeconftest(CONFTEST_UNDER_TEST.format(on_ci=on_ci))
    pytester.makepyfile(
        """
        import pytest
        def test_over_a_corpus(shared): ...
        def test_skipped_for_another_reason(): pytest.skip("only on a Tuesday")
        """
    )

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    result.assert_outcomes(**outcome)


def test_each_database_is_migrated_empty_and_its_own(database):
    tables = set(inspect(database.engine).get_table_names())

    assert {"alembic_version", "published"} <= tables
    with database.begin() as session:
        assert session.execute(text("SELECT count(*) FROM published")).scalar_one() == 0


def test_an_empty_database_has_no_table(empty_database_url):
    database = Database(empty_database_url)

    assert inspect(database.engine).get_table_names() == []
    database.dispose()
