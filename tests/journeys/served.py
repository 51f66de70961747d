"""The demo on a frozen Monday, and its portal on a free port of this machine, for a browser to visit."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.factories import NOW
from webapp.app import create_app
from webapp.demo import stage as demo
from webapp.demo.stage import Stage
from webapp.settings import read_settings


@contextmanager
def staged(folder: Path, port: int) -> Iterator[Stage]:
    """The demo's stage in `folder` on Monday, 23 November 2026, with nothing harvested yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "now", lambda: NOW)
        patch.setattr(demo, "create_app", partial(create_app, now=lambda: NOW))
        with demo.stage(read_settings({"KITALOTSE_DATA_DIR": str(folder)}), folder / "demo", port) as at:
            yield at


@contextmanager
def served(folder: Path, sources: tuple[str, ...] = ()) -> Iterator[Stage]:
    """The demo after its first week, with its portal serving; with `sources` only those are harvested."""
    port = _free_port()
    with staged(folder, port) as at, demo.serving(at, port):
        demo.play(replace(at, sources=tuple(s for s in at.sources if s.name in sources)) if sources else at)
        yield at


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
