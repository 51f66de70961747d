"""Uploaded files in the database, on SQLite and PostgreSQL."""

from datetime import timedelta

from schemas.store.drafts import DraftKind, DraftState, add_draft, draft, keep_result
from schemas.store.uploads import KEEP_UPLOADS, drop_upload, purge_uploads, save_upload, upload
from tests.factories import NOW


def test_a_file_comes_back_as_it_was(database) -> None:
    with database.begin() as session:
        number = save_upload(session, "13075", name="../a\\b" * 80, content=b"\x00\xff;", by="K", now=NOW)

    with database.read() as session:
        found = upload(session, number)

    assert found is not None
    assert (found.content, found.region, found.by, len(found.name)) == (b"\x00\xff;", "13075", "K", 200)


def test_a_draft_outlives_its_file(database) -> None:
    with database.begin() as session:
        number = save_upload(session, "13075", name="a.csv", content=b"x", by="K", now=NOW)
        made = add_draft(session, "13075", DraftKind.TABLE, "a.csv", by="K", now=NOW, upload_id=number)
    with database.begin() as session:
        keep_result(session, made, result={"rows": 3}, state=DraftState.DONE, now=NOW)
        drop_upload(session, number)

    with database.read() as session:
        found = draft(session, made)
        assert upload(session, number) is None

    assert found is not None
    assert (found.upload_id, found.state, found.result) == (None, DraftState.DONE, {"rows": 3})


def test_files_that_nobody_takes_over_are_forgotten(database) -> None:
    with database.begin() as session:
        old = save_upload(session, "13075", name="a.csv", content=b"x", by="K", now=NOW)
        new = save_upload(session, "13075", name="a.csv", content=b"x", by="K", now=NOW + timedelta(days=1))

        assert purge_uploads(session, NOW + KEEP_UPLOADS + timedelta(hours=1)) == 1
        assert upload(session, old) is None
        assert upload(session, new) is not None
