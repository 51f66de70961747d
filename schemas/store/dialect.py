"""The one statement that SQLite and PostgreSQL spell alike but SQLAlchemy keeps apart."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert(session: Session, table: Table) -> Any:
    """An ``INSERT`` with ``on_conflict_do_nothing`` and ``on_conflict_do_update`` for this session's database."""
    return (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(table)
