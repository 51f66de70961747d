"""The demo is worth looking at on any day: its dates move with the day, and no check depends on the season."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from schemas.clock import BERLIN
from tests.journeys.served import free_port, staged
from webapp.demo import stage as demo
from webapp.demo.check import checks


@pytest.mark.parametrize("day", [datetime(2027, 1, 1, 9, tzinfo=BERLIN), datetime(2027, 7, 25, 23, 55, tzinfo=BERLIN)])
def test_every_step_of_the_demo_holds_on_new_years_day_and_on_a_sunday_night_in_summer(day: datetime, tmp_path: Path):
    port = free_port()
    with staged(tmp_path, port, day) as at, demo.serving(at, port):
        found = list(checks(at, demo.play(at)))

    assert len(found) > 20
    assert [(check.name, check.detail) for check in found if not check.holds] == []
