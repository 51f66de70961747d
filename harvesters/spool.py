"""The near side of a crawl: start the child, wait with a deadline, read what it spooled."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from harvesters.fetch.client import FetchSettings
from harvesters.formats.records import Origin, one_per_identity
from harvesters.problems import ReadError
from harvesters.reading import ReadOutcome
from schemas.harvest import Issue, Record, RunResult, Source

CRAWL_SECONDS: Final = 1_800
"""Longest time for one crawl."""
_GRACE_SECONDS: Final = 20
_BEAT_SECONDS: Final = 60.0
_TAIL: Final = 2_000


@dataclass(frozen=True, slots=True)
class Job:
    """What a crawl's child needs; it travels as JSON."""

    source: Source
    """What to crawl."""
    settings: FetchSettings
    """Manners and limits."""
    now: datetime
    """When the run began."""
    spool: str
    """File to write."""
    database: str | None = None
    """Database with the ledger of hosts; without it the child keeps its own."""
    max_seconds: int = CRAWL_SECONDS
    """Longest time, on the clock and of the processor."""
    max_memory_bytes: int = 4_000_000_000
    """Largest address space."""
    max_spool_bytes: int = 1_000_000_000
    """Largest spool."""


_JOB: Final = TypeAdapter(Job)


def crawl(
    source: Source,
    *,
    settings: FetchSettings,
    now: datetime,
    spool_dir: Path | None = None,
    database: str | None = None,
    max_seconds: int = CRAWL_SECONDS,
    grace_seconds: float = _GRACE_SECONDS,
    beat_seconds: float = _BEAT_SECONDS,
    heartbeat: Callable[[], None] = lambda: None,
) -> ReadOutcome:
    """What a crawl of ``source`` found. ``heartbeat`` is called every ``beat_seconds`` while it goes on.

    The child ends itself after ``max_seconds``, and is killed when it has not ended ``grace_seconds`` later.

    Raises ``ReadError`` where a start page cannot be read, or the child ends without a Record and without a reason.
    """
    with tempfile.TemporaryDirectory(prefix=f"crawl-{source.name}-", dir=spool_dir) as folder:
        spool, log = Path(folder) / "records.ndjson", Path(folder) / "log.txt"
        job = Job(source, settings, now, str(spool), database, max_seconds)
        ended = _run(_JOB.dump_json(job), log, max_seconds + grace_seconds, beat_seconds, heartbeat)
        outcome = read_spool(spool, source, now)
        if outcome is not None:
            return outcome
        tail = log.read_text("utf-8", "replace")[-_TAIL:].strip().rpartition("\n")[2]
    raise ReadError(
        source.name,
        source.access.start[0],
        "crawl.died" if ended else "crawl.too_slow",
        f"Das Lesen der Seiten brach ab ({tail[:300]})." if ended else "Das Lesen der Seiten dauerte zu lange.",
        "Es wird beim nächsten Abruf wieder versucht; bleibt es dabei, bitte den Entwicklern melden.",
    )


def read_spool(spool: Path, source: Source, now: datetime) -> ReadOutcome | None:
    """The spool's content in the order of the site; ``None`` where it holds neither Records nor an end.

    Raises ``ReadError`` with what the child says about a start page that cannot be read.
    """
    if not spool.exists():
        return None
    records: list[tuple[list[int], Record]] = []
    issues: list[Issue] = []
    gone: list[str] = []
    complete = ended = False
    with spool.open(encoding="utf-8", errors="replace") as lines:
        for text in lines:
            try:
                line = json.loads(text)
                if "record" in line:
                    records.append((line["order"], Record.model_validate(line["record"])))
                elif "issue" in line:
                    issues.append(Issue.model_validate(line["issue"]))
                elif "gone" in line:
                    gone.append(str(line["gone"]))
                elif "failed" in line:
                    raise ReadError(*line["failed"])
                elif "end" in line:
                    complete, ended = bool(line["end"]["complete"]), True
            except (json.JSONDecodeError, ValidationError):  # the child died in the middle of a line
                complete = ended = False
                break
    if not records and not ended:
        return None
    ordered = [record for _, record in sorted(records, key=lambda pair: (pair[0], pair[1].origin.part))]
    origin = Origin(source, source.access.start[0], now, "crawl")
    unique, doubled = one_per_identity(origin, ordered)
    if not ended:
        issues.append(
            origin.problem(
                "run",
                "crawl.unfinished",
                message="Das Lesen der Seiten wurde vor dem Ende abgebrochen; nichts wird zurückgezogen.",
                remedy="Es wird beim nächsten Abruf wieder versucht.",
            )
        )
    return ReadOutcome(RunResult(records=unique, issues=(*issues, *doubled), complete=complete, gone=tuple(gone)))


def _run(job: bytes, log: Path, seconds: float, beat: float, heartbeat: Callable[[], None]) -> bool:
    """Run the child to its end; ``False`` where it had to be killed. It leads a process group, which dies with it."""
    home = Path(__file__).parents[1]
    with log.open("wb") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "harvesters.crawl"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd=home,
            start_new_session=True,
        )
        try:
            return _wait(child, job, seconds, beat, heartbeat)
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def _wait(
    child: "subprocess.Popen[bytes]", job: bytes, seconds: float, beat: float, heartbeat: Callable[[], None]
) -> bool:
    end = time.monotonic() + seconds
    waiting: bytes | None = job
    while (left := end - time.monotonic()) > 0:
        try:
            child.communicate(waiting, timeout=min(left, beat))
        except subprocess.TimeoutExpired:
            waiting = None
            heartbeat()
        else:
            return True
    return False
