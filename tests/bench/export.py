"""``kitalotse bench export``: the files of open data, downloaded from ``kitalotse serve`` with one process.

Each file comes over real HTTP from loopback and is thrown away, and is never answered by 304. The first download only
counts that every row came; of the others the fastest counts, for other work on the machine can only slow it down.
``seconds`` and ``rate`` (rows a second) are of all offers as NDJSON. The baseline is the plain way: every offer read as
an object and written as JSON for this request, in this process, without a server. Memory is that of both sides.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Any, Final

from schemas.db import Database
from schemas.migrate import upgrade
from schemas.offer import Rights
from schemas.publish import public
from schemas.store.offers import published_offers
from schemas.vocabulary import RightsKind
from tests.bench.list import fill
from tests.bench.measure import PeakMemory, Stopwatch, machine, working_folder
from tests.bench.portal import REGION

TIMES: Final = 4
"""Downloads of each file; the first is not timed."""
MOST_BASELINE: Final = 20_000
"""Offers that the baseline writes; its rate does not depend on the number."""
FILES: Final[Mapping[str, str]] = {
    "ndjson": "/offers.ndjson",
    "csv": "/offers.csv",
    "facts, ndjson": "/offers-fakten.ndjson",
    "facts, csv": "/offers-fakten.csv",
    "open licence, ndjson": "/offers-cc-by-4.0.ndjson",
    "open licence, csv": "/offers-cc-by-4.0.csv",
    "changes": "/offers.ndjson?changed_since=0",
}
_RIGHTS: Final = Rights(
    kind=RightsKind.OPEN, licence="http://dcat-ap.de/def/licenses/cc-by/4.0", attribution="Beispielhaus"
)
_HOST: Final = "portal.example"
_PIECE: Final = 2**18
_START_S: Final = 60


def run(*, offers: int = 200_000, kitas: int = 0) -> dict[str, Any]:
    """Measure with ``offers`` offers in the database; ``kitas`` has no part in it."""
    with working_folder() as folder:
        url = f"sqlite:///{folder / 'bench.sqlite'}"
        database = Database(url)
        upgrade(database)
        fill(database, offers, rights=_RIGHTS)
        plain = _plain(database, min(offers, MOST_BASELINE))
        database.dispose()
        with served(folder, url, regions=_regions(folder)) as port, PeakMemory() as peak:
            files = {name: _file(port, path, offers) for name, path in FILES.items()}
    return {
        "bench": "export",
        "sizes": {"offers": offers, "bytes": {name: file["bytes"] for name, file in files.items()}},
        "seconds": files["ndjson"]["seconds"],
        "rate": files["ndjson"]["rate"],
        "how": "kitalotse serve with one process, HTTP on loopback, SQLite",
        "files": files,
        "peak_rss_mb": round(peak.mb, 1),
        "machine": machine(),
        "baseline": {
            "name": "every offer as an object, written as JSON for the request, without a server",
            "seconds": round(plain.seconds * offers / min(offers, MOST_BASELINE), 3),
            "rate": round(min(offers, MOST_BASELINE) / plain.seconds),
        },
    }


def _file(port: int, path: str, offers: int) -> dict[str, Any]:
    """The fastest of some downloads. Raises ``RuntimeError`` where a row is missing."""
    end, header = (b"\r\n", 1) if path.endswith(".csv") else (b"\n", 0)
    rows = sum(piece.count(end) for piece in _whole_lines(port, path)) - header
    if rows != offers:
        raise RuntimeError(f"{path} has {rows} rows; expected {offers}")
    runs = sorted(_download(port, path) for _ in range(TIMES - 1))
    seconds, first, size = runs[0]
    return {
        "seconds": round(seconds, 4),
        "rate": round(offers / seconds),
        "mb_per_second": round(size / seconds / 1e6, 1),
        "first_byte_ms": round(1000 * first, 2),
        "rows": rows,
        "bytes": size,
    }


def _download(port: int, path: str) -> tuple[float, float, int]:
    """Seconds to the last byte and to the first, and the size of what was thrown away."""
    started, first, size, piece = perf_counter(), 0.0, 0, bytearray(_PIECE)
    with _asked(port, path) as response:
        while got := response.readinto(piece):
            first = first or perf_counter() - started
            size += got
    return perf_counter() - started, first, size


def _whole_lines(port: int, path: str) -> Iterator[bytes]:
    with _asked(port, path) as response:
        yield from response


@contextmanager
def _asked(port: int, path: str) -> Iterator[Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=600)
    try:
        connection.request("GET", path, headers={"Host": _HOST})
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}; expected 200")
        yield response
    finally:
        connection.close()


def _regions(folder: Path) -> Path:
    """A folder with one Region."""
    regions = folder / "regions"
    regions.mkdir()
    (regions / "portal.toml").write_text(REGION, encoding="utf-8")
    return regions


@contextmanager
def served(folder: Path, url: str, *, regions: Path) -> Iterator[int]:
    """The port of a web server of one process over the database at ``url``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    settings = {"DATA_DIR": str(folder), "DATABASE": url, "REGION_DIR": str(regions)}
    settings |= {"WORKERS": "1", "LOG_LEVEL": "error"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KITALOTSE_")}
    process = subprocess.Popen(
        [Path(sys.executable).with_name("kitalotse"), "serve", "--port", str(port)],
        env=environment | {f"KITALOTSE_{name}": value for name, value in settings.items()},
        cwd=Path(__file__).parents[2],
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = monotonic() + _START_S
    while process.poll() is None and monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        sleep(0.1)
    raise RuntimeError(f"kitalotse serve does not listen on port {port}; run it by hand to see why")


def _plain(database: Database, offers: int) -> Stopwatch:
    with Stopwatch() as watch, database.read() as session:
        size = sum(len(public(offer).model_dump_json()) for offer in islice(published_offers(session), offers))
    if not size:
        raise RuntimeError("the baseline wrote nothing; expected offers in the database")
    return watch
