"""Children that read what strangers send: a job on standard input, limits, and an end with their whole group."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Final

_TAIL: Final = 2_000
_LOOK_S: Final = 1.0


def run_child(
    module: str,
    job: bytes,
    log: Path,
    *,
    seconds: float,
    beat: float = 60.0,
    heartbeat: Callable[[], None] = lambda: None,
) -> bool:
    """Run ``python -m module`` to its end; ``False`` where it had to be killed after ``seconds``.

    ``job`` is its standard input, ``log`` keeps what it says on standard error; ``heartbeat`` is called every ``beat``
    seconds. The child leads a process group, which dies with it.
    """
    home = Path(__file__).parents[1]
    with log.open("wb") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", module],
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


def last_words(log: Path) -> str:
    """The last line that a child said on standard error."""
    return log.read_text("utf-8", "replace")[-_TAIL:].strip().rpartition("\n")[2][:300]


def limit_self(*, memory_bytes: int, cpu_seconds: int, file_bytes: int) -> None:
    """What a child does first: no more address space, processor time and bytes of a file than these."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))


def end_without(parent: int, file: Path) -> None:
    """Watch, from a thread, for the death of ``parent``: then end at once, and leave nothing of ``file`` behind."""
    Thread(target=_watch, args=(parent, file), daemon=True).start()


def _watch(parent: int, file: Path) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    file.unlink(missing_ok=True)
    os._exit(1)


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
