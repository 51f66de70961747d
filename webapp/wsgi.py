"""Entry for a WSGI server: ``gunicorn "webapp.wsgi:make_app()"``."""

from flask import Flask

from webapp.app import create_app
from webapp.settings import read_settings


def make_app() -> Flask:
    """The app for the settings of the environment."""
    return create_app(read_settings())
