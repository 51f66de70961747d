"""A look in a process of its own: ``python -m harvesters.look_child`` reads a ``LookJob`` and writes an ``Answer``."""

import os
import sys
from pathlib import Path

from harvesters.child import end_without, limit_self
from harvesters.fetch.ledger import Ledger, MemoryLedger
from harvesters.ledger import DatabaseLedger
from harvesters.look import ANSWER, JOB, Answer, LookJob
from harvesters.problems import ReadError
from harvesters.trying import Trial, try_address, try_source
from schemas.db import Database


def main() -> None:
    """Do the job on standard input within its limits."""
    parent = os.getppid()
    job = JOB.validate_json(sys.stdin.buffer.read())
    end_without(parent, Path(job.answer))
    limit_self(memory_bytes=job.max_memory_bytes, cpu_seconds=job.max_cpu_seconds, file_bytes=job.max_answer_bytes)
    try:
        answer = Answer(trial=_tried(job))
    except ReadError as error:
        answer = Answer(failed=(error.source, error.address, error.rule, error.happened, error.remedy))
    Path(job.answer).write_bytes(ANSWER.dump_json(answer))


def _tried(job: LookJob) -> Trial:
    ledger: Ledger = DatabaseLedger(Database(job.database)) if job.database else MemoryLedger()
    if job.address is None:
        return try_source(job.source, settings=job.settings, ledger=ledger, now=job.now)
    return try_address(job.address, job.source, settings=job.settings, ledger=ledger, now=job.now)


if __name__ == "__main__":
    main()
