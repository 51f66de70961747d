"""``kitalotse bench export``: the files of open data, downloaded from ``kitalotse serve`` with one process.

Each file comes over real HTTP from loopback and is thrown away, and is never answered by 304. The first download only
counts that every row came; of the others the fastest counts, for other work on the machine can only slow it down.
``seconds`` and ``rate`` (rows a second) are of all offers as NDJSON; ``processor_rate`` is rows per second of the
server's own processor time, which says more where the machine has other work. The baseline is the plain way: every
offer read as an object and written as JSON for this request, in this process, without a server. Memory is that of both
sides. Of more than ``HARVESTED`` offers the others are copies (``tests.bench.copies``).
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
from typing import Any, Final, NamedTuple

import psutil

from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.migrate import upgrade
from schemas.offer import Rights
from schemas.publish import public
from schemas.store.offers import published_offers
from schemas.store.whole import is_empty
from schemas.vocabulary import RightsKind
from tests.bench.copies import copy_offers
from tests.bench.list import fill
from tests.bench.measure import PeakMemory, Stopwatch, machine, working_folder
from tests.bench.portal import REGION

TIMES: Final = 4
"""Downloads of each file; the first is not timed."""
HARVESTED: Final = 5_000
"""Offers that are harvested; they are all different."""
MOST_BASELINE: Final = 5_000
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


class _Taken(NamedTuple):
    """What one download took."""

    seconds: float
    """Until the last byte."""
    first: float
    """Seconds until the first byte."""
    size: int
    """Bytes that came."""
    processor: float
    """Seconds of processor time of the server."""


def run(*, offers: int = 200_000, kitas: int = 0, database: str | None = None) -> dict[str, Any]:
    """Measure with ``offers`` offers in the empty database at the URL ``database``, else in a SQLite file of its own;
    ``kitas`` has no part in it."""
    with working_folder() as folder:
        url = database or f"sqlite:///{folder / 'bench.sqlite'}"
        store = Database(url)
        upgrade(store)
        with store.read() as session:
            if not is_empty(session):
                raise StoreError(f"{store!r} is not empty; expected a database that was made for this benchmark")
        fill(store, min(offers, HARVESTED), rights=_RIGHTS)
        copy_offers(store, offers)
        plain = _plain(store, min(offers, MOST_BASELINE))
        store.dispose()
        with served(folder, url, regions=_regions(folder)) as port, PeakMemory() as peak:
            files = {name: _file(port, path, offers) for name, path in FILES.items()}
    return {
        "bench": "export",
        "sizes": {"offers": offers, "bytes": {name: file["bytes"] for name, file in files.items()}},
        "seconds": files["ndjson"]["seconds"],
        "rate": files["ndjson"]["rate"],
        "how": f"kitalotse serve with one process, HTTP on loopback, {store.dialect}",
        "files": files,
        "peak_rss_mb": round(peak.mb, 1),
        "machine": machine(),
        "baseline": {
            "name": "every offer as an object, written as JSON for the request, without a server",
            "seconds": round(plain.seconds * offers / min(offers, MOST_BASELINE), 3),
            "rate": round(min(offers, MOST_BASELINE) / plain.seconds),
            "processor_rate": round(min(offers, MOST_BASELINE) / plain.processor),
        },
    }


def _file(port: int, path: str, offers: int) -> dict[str, Any]:
    """The fastest of some downloads. Raises ``RuntimeError`` where a row is missing."""
    end, header = (b"\r\n", 1) if path.endswith(".csv") else (b"\n", 0)
    rows = sum(piece.count(end) for piece in _whole_lines(port, path)) - header
    if rows != offers:
        raise RuntimeError(f"{path} has {rows} rows; expected {offers}")
    runs = sorted(_download(port, path) for _ in range(TIMES - 1))
    best = runs[0]
    processor = min(taken.processor for taken in runs)
    return {
        "seconds": round(best.seconds, 4),
        "rate": round(offers / best.seconds),
        "processor_rate": round(offers / processor) if processor else None,
        "mb_per_second": round(best.size / best.seconds / 1e6, 1),
        "first_byte_ms": round(1000 * best.first, 2),
        "rows": rows,
        "bytes": best.size,
    }


def _download(port: int, path: str) -> _Taken:
    started, first, size, piece = perf_counter(), 0.0, 0, bytearray(_PIECE)
    before = _processor_time()
    with _asked(port, path) as response:
        while got := response.readinto(piece):
            first = first or perf_counter() - started
            size += got
    return _Taken(perf_counter() - started, first, size, _processor_time() - before)


def _processor_time() -> float:
    """Seconds of processor time that the processes of the server took until now."""
    times = (process.cpu_times() for process in psutil.Process().children(recursive=True))
    return sum(taken.user + taken.system for taken in times)


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
