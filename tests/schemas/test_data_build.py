"""The committed tables are what the build script makes of the originals, and small."""

from pathlib import Path

import pytest

from schemas.data.build import build, main

DATA = Path(__file__).parents[2] / "schemas" / "data"
TABLES = sorted(path.relative_to(DATA).as_posix() for path in DATA.rglob("*.csv"))


def test_a_rebuild_from_the_originals_gives_the_committed_tables_byte_for_byte(shared, tmp_path):
    built = build(shared, tmp_path)

    assert sorted(path.relative_to(tmp_path).as_posix() for path in built) == TABLES
    for table in TABLES:
        assert (tmp_path / table).read_bytes() == (DATA / table).read_bytes(), table


@pytest.mark.parametrize("table", TABLES)
def test_each_table_is_below_one_mebibyte_and_its_origin_and_licence_are_written_down(table):
    assert (DATA / table).stat().st_size < 1024 * 1024
    assert f"`{table}`" in (DATA / "README.md").read_text(encoding="utf-8")


def test_wrong_usage_is_told_and_nothing_is_written(capsys):
    assert main([]) == 2
    assert "usage:" in capsys.readouterr().err
