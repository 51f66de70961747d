"""A large feed is read in a process of its own: ``python -m harvesters.parse_child`` reads a ``ParseJob`` and writes a
``ParseAnswer``."""

import os
import sys
from dataclasses import replace
from pathlib import Path

from harvesters.child import end_without, limit_self
from harvesters.fetch.client import Fetched
from harvesters.formats.by_kind import LISTINGS
from harvesters.parse_apart import ANSWER, JOB, ParseAnswer, ParseJob, Reader
from harvesters.problems import ReadError


def main() -> None:
    """Do the job on standard input within its limits."""
    parent = os.getppid()
    job = JOB.validate_json(sys.stdin.buffer.read())
    end_without(parent, Path(job.answer))
    limit_self(memory_bytes=job.max_memory_bytes, cpu_seconds=job.max_cpu_seconds, file_bytes=job.max_answer_bytes)
    Path(job.answer).write_bytes(ANSWER.dump_json(_parsed(job), exclude_defaults=True))


def _parsed(job: ParseJob) -> ParseAnswer:
    reader = Reader(job.source, job.fetched_at, apart=False, heartbeat=lambda: None)
    fetched = Fetched(job.url, 200, Path(job.content).read_bytes(), {"content-type": job.content_type})
    try:
        if job.source.access.kind in LISTINGS:
            return ParseAnswer(page=reader.page(fetched))
        # rows are for tables that are uploaded, and their keys are no keys of JSON
        return ParseAnswer(parsed=replace(reader.parsed(fetched), rows={}))
    except ReadError as error:
        return ParseAnswer(failed=(error.source, error.address, error.rule, error.happened, error.remedy))


if __name__ == "__main__":
    main()
