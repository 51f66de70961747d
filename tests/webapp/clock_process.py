"""A scheduler process with one job that fires every second. Started by test_scheduler, several at a time."""

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from schemas.db import Database
from webapp.jobs import Job, Task
from webapp.scheduler import Scheduler
from webapp.settings import read_settings


def note(task: Task) -> dict[str, Any]:
    """Append the moment and this process to a file, in one write."""
    line = f"{task.work.scheduled_for.isoformat()} {os.getpid()}\n".encode()
    file = os.open(task.settings.data_dir / "moments", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line)
    os.close(file)
    return {}


JOBS = {"note": Job(note, {"second": "*"}, timedelta(seconds=2))}


def main(database_url: str, folder: str) -> None:
    """Schedule until SIGTERM; say "ready" first."""
    settings = read_settings(
        {"KITALOTSE_DATA_DIR": folder, "KITALOTSE_DATABASE": database_url, "KITALOTSE_LOG_LEVEL": "warning"}
    )
    Path(folder).mkdir(exist_ok=True)
    database = Database(database_url)
    with ThreadPoolExecutor(2) as pool:
        scheduler = Scheduler(database, settings, pool, jobs=JOBS, tick_s=0.2)
        signal.signal(signal.SIGTERM, scheduler.stop)
        print("ready", flush=True)
        scheduler.run()
    database.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
