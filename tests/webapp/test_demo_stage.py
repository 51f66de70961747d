"""The demo keeps to a folder of its own."""

from pathlib import Path

import pytest
from werkzeug.wsgi import ClosingIterator, FileWrapper

from schemas.exceptions import KitalotseError
from webapp.demo.providers.content import SITES
from webapp.demo.stage import _let_go, stage
from webapp.settings import read_settings


def test_a_folder_that_is_not_a_demos_is_left_alone(tmp_path: Path) -> None:
    letter = tmp_path / "wichtig.txt"
    letter.write_text("nicht löschen")

    with (
        pytest.raises(KitalotseError, match="is not empty and no demo's"),
        stage(read_settings({"KITALOTSE_DATA_DIR": str(tmp_path / "data")}), tmp_path, 8000),
    ):
        pytest.fail("the demo began in somebody's folder")

    assert letter.read_text() == "nicht löschen"
    assert {path.name for path in tmp_path.iterdir()} == {"wichtig.txt"}


def test_what_an_earlier_demo_left_is_removed(tmp_path: Path) -> None:
    settings, folder = read_settings({"KITALOTSE_DATA_DIR": str(tmp_path / "data")}), tmp_path / "demo"
    with stage(settings, folder, 8000) as first:
        old = first.settings.outbox_dir / "alt.eml"
        old.parent.mkdir()
        old.write_text("alt")

    with stage(settings, folder, 8000) as again:
        assert not old.exists()
        assert len(again.sources) == len(SITES)


def test_an_answer_whose_reader_has_left_is_closed():
    closed = []
    served = _let_go(lambda _environ, _start: ClosingIterator([b"a", b"b"], lambda: closed.append(True)))

    left = iter(served({}, None))
    assert next(left) == b"a"
    assert closed == []
    left.close()  # what happens to it when the server drops it

    assert closed
    assert list(served({}, None)) == [b"a", b"b"]


def test_a_file_is_closed_after_it_was_sent_and_where_its_reader_has_left(tmp_path: Path) -> None:
    style = tmp_path / "style.css"
    style.write_bytes(b"ab")
    for take in (list, next):
        file = style.open("rb")
        answer = iter(_let_go(lambda _environ, _start, file=file: FileWrapper(file, 1))({}, None))

        take(answer)
        answer.close()

        assert file.closed
