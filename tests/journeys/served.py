"""The demo on a frozen Monday, and its portal on a free port of this machine, for a browser to visit."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from tests.factories import NOW
from webapp.app import create_app
from webapp.demo import stage as demo
from webapp.demo.stage import Stage
from webapp.settings import read_settings


@contextmanager
def staged(folder: Path, port: int, moment: datetime = NOW) -> Iterator[Stage]:
    """The demo's stage in `folder` on Monday, 23 November 2026, or at another `moment`, with nothing harvested yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "now", lambda: moment)
        patch.setattr(demo, "create_app", partial(create_app, now=lambda: moment))
        with demo.stage(read_settings({"KITALOTSE_DATA_DIR": str(folder)}), folder / "demo", port) as at:
            yield at


@contextmanager
def served(folder: Path, sources: tuple[str, ...] = (), *, new: tuple[str, ...] = ()) -> Iterator[Stage]:
    """The demo after its first week, with its portal serving.

    With `sources` only those are harvested; offers of the `new` ones wait on the desk.
    """
    port = free_port()
    with staged(folder, port) as at, demo.serving(at, port):
        read = tuple(
            source.model_copy(update={"trust": "hold"}) if source.name in new else source
            for source in at.sources
            if not sources or source.name in sources
        )
        demo.play(replace(at, sources=read))
        yield at


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
