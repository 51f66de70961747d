"""The floors and the few edges of the house, held by reading the source with `ast`; nothing is imported.

Imports are followed transitively and through every package on the way, those inside functions and under TYPE_CHECKING
too. Each rule is shown to find what it forbids in a small tree made for that.
"""

import ast
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("schemas", "harvesters", "recommender", "webapp")
DATABASE = (
    "schemas.db",
    "schemas.tables",
    "schemas.store",
    "schemas.migrate",
    "schemas.migrations",
    "sqlalchemy",
    "alembic",
)
# reads a table under the ODbL: what is harvested or exported must not come from it
SHARE_ALIKE = "schemas.geography.share_alike"

# what is known about people: Kitas and who reads their mail, providers, coordinators
PEOPLE = ("schemas.tables.people", "schemas.tables.providers", "schemas.tables.letters", "schemas.store.kitas")

# who (a module prefix) → what it must not reach by any chain of imports, ours or foreign (module prefixes)
UNREACHABLE = {
    "schemas": ("harvesters", "recommender", "webapp"),
    "harvesters": ("recommender", "webapp", SHARE_ALIKE),
    "recommender": ("harvesters", "webapp", *DATABASE),
    "harvesters.formats": ("harvesters.fetch", *DATABASE),
    "harvesters.normalise": ("harvesters.fetch", *DATABASE),
    "webapp.feeds": (*PEOPLE, SHARE_ALIKE),
    "webapp.api": (*PEOPLE, SHARE_ALIKE),
}

# a dotted name, or everything below it → the files that may use it
FETCH = ("harvesters/fetch/*.py",)
CRAWL = (*FETCH, "harvesters/crawl*.py", "harvesters/settings.py")
DEMO = ("webapp/demo/*.py", "webapp/commands/demo.py")
SERVE = (*DEMO, "webapp/commands/serve.py")
CLOCK = ("schemas/clock.py",)
SETTINGS = ("webapp/settings.py",)
ONLY_IN: Mapping[str, tuple[str, ...]] = {
    # the environment
    "os.environ": SETTINGS,
    "os.environb": SETTINGS,
    "os.getenv": SETTINGS,
    "os.putenv": SETTINGS,
    # the time of day; time.monotonic and time.perf_counter measure durations and are free
    "datetime.datetime.now": CLOCK,
    "datetime.datetime.utcnow": CLOCK,
    "datetime.datetime.today": CLOCK,
    "datetime.date.today": CLOCK,
    "time.time": CLOCK,
    "time.time_ns": CLOCK,
    "time.localtime": CLOCK,
    "time.ctime": CLOCK,
    "sqlalchemy.func.now": CLOCK,
    "sqlalchemy.func.current_timestamp": CLOCK,
    # the network
    "httpx": FETCH,
    "httpcore": FETCH,
    "requests": (),
    "urllib.request": FETCH,
    "http.client": (*FETCH, *DEMO),
    "scrapy": CRAWL,
    "twisted": CRAWL,
    "socket": (*FETCH, *SERVE),
    "ssl": (*FETCH, "webapp/mail/*.py"),
    "smtplib": ("webapp/mail/*.py",),
    "http.server": SERVE,
    "socketserver": SERVE,
    "gunicorn": SERVE,
}


@dataclass(frozen=True)
class Module:
    """One file of the tree: its dotted name, its path relative to the root, and what it says."""

    name: str
    path: str
    tree: ast.Module

    @cached_property
    def imports(self) -> frozenset[str]:
        """Every dotted name that an import statement anywhere in the file mentions: modules, and names out of them."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
        return frozenset(found)

    @cached_property
    def uses(self) -> frozenset[tuple[int, str]]:
        """(line, dotted name) of every imported thing named in the file, with aliases resolved."""
        aliases: dict[str, str] = {}
        found: set[tuple[int, str]] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found.add((node.lineno, alias.name))
                    top = alias.name.partition(".")[0]
                    aliases[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    found.add((node.lineno, f"{node.module}.{alias.name}"))
                    aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and (dotted := _dotted(node)):
                first, _, rest = dotted.partition(".")
                if first in aliases:
                    found.add((node.lineno, f"{aliases[first]}.{rest}"))
        return frozenset(found)

    @property
    def makes_blueprint(self) -> bool:
        return any(
            isinstance(node, ast.Call) and (_dotted(node.func) or "").split(".")[-1] == "Blueprint"
            for node in ast.walk(self.tree)
        )


def _dotted(node: ast.expr) -> str | None:
    """`a.b.c` for a chain of attributes on a plain name, else None."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := _dotted(node.value)):
        return f"{before}.{node.attr}"
    return None


def read_tree(root: Path) -> dict[str, Module]:
    """All Python files of the four floors under `root`, by dotted name."""
    modules = {}
    for path in (path for floor in FLOORS for path in sorted((root / floor).rglob("*.py"))):
        relative = path.relative_to(root)
        parts = relative.parent.parts if path.name == "__init__.py" else relative.with_suffix("").parts
        module = Module(".".join(parts), relative.as_posix(), ast.parse(path.read_bytes(), str(relative)))
        modules[module.name] = module
    return modules


def below(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


def neighbours(module: Module, modules: Mapping[str, Module]) -> Iterator[str]:
    """What importing `module` imports: the names it mentions, and the packages of ours around them."""
    yield from sorted(module.imports)
    for name in sorted({*module.imports, module.name}):
        parts = name.split(".")
        for length in range(1, len(parts)):
            package = ".".join(parts[:length])
            if package in modules:
                yield package


def forbidden_chain(start: str, forbidden: tuple[str, ...], modules: Mapping[str, Module]) -> list[str] | None:
    """The shortest chain of imports from module `start` to something forbidden, or None."""
    came_from: dict[str, str | None] = {start: None}
    queue = deque([start])
    while queue:
        name = queue.popleft()
        if any(below(name, prefix) for prefix in forbidden):
            chain: list[str] = []
            step: str | None = name
            while step is not None:
                chain.append(step)
                step = came_from[step]
            return chain[::-1]
        if name in modules:
            for neighbour in neighbours(modules[name], modules):
                if neighbour not in came_from:
                    came_from[neighbour] = name
                    queue.append(neighbour)
    return None


def crossed_floors(modules: Mapping[str, Module]) -> list[str]:
    found = []
    for who, forbidden in UNREACHABLE.items():
        for name in sorted(modules):
            if below(name, who) and (chain := forbidden_chain(name, forbidden, modules)):
                found.append(f"{modules[name].path}: {who} must not reach {chain[-1]}, but does: {' → '.join(chain)}")
    return found


def misplaced_edges(modules: Mapping[str, Module]) -> list[str]:
    found = []
    for module in modules.values():
        for line, name in sorted(module.uses):
            for edge, allowed in ONLY_IN.items():
                if below(name, edge) and not any(fnmatchcase(module.path, pattern) for pattern in allowed):
                    where = ", ".join(allowed) or "nowhere"
                    found.append(f"{module.path}:{line}: uses {name}, which belongs in: {where}")
    return found


def meeting_blueprints(modules: Mapping[str, Module]) -> list[str]:
    blueprints = {name for name, module in modules.items() if module.makes_blueprint}
    return [
        f"{modules[name].path}: a blueprint imports the blueprint {other}; move what they share to a module of its own"
        for name in sorted(blueprints)
        for other in sorted(blueprints & modules[name].imports)
    ]


def relative_imports(modules: Mapping[str, Module]) -> list[str]:
    return [
        f"{module.path}:{node.lineno}: a relative import; write it out from the floor on"
        for module in modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]


RULES = (crossed_floors, misplaced_edges, meeting_blueprints, relative_imports)


@pytest.fixture(scope="module")
def house() -> dict[str, Module]:
    return read_tree(ROOT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rules(house, rule):
    assert {name.partition(".")[0] for name in house} == set(FLOORS)
    assert rule(house) == []


@pytest.fixture
def tree(tmp_path):
    def make(files: Mapping[str, str]) -> dict[str, Module]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return read_tree(tmp_path)

    return make


@pytest.mark.parametrize(
    ("rule", "files", "complaint"),
    [
        (crossed_floors, {"schemas/offer.py": "import webapp.settings"}, "schemas must not reach webapp.settings"),
        (
            crossed_floors,
            {"harvesters/run.py": "from recommender.index import x"},
            "harvesters must not reach recommender",
        ),
        (
            crossed_floors,
            {
                "recommender/index.py": "from schemas.help import x",
                "schemas/help.py": "from schemas import db",
                "schemas/db.py": "",
            },
            "recommender.index → schemas.help → schemas.db",
        ),
        (
            crossed_floors,
            {"recommender/index.py": "from sqlalchemy import select"},
            "recommender must not reach sqlalchemy",
        ),
        (
            crossed_floors,
            {
                "webapp/feeds/ical.py": "from webapp.help.words import x",
                "webapp/help/__init__.py": "from schemas.tables import people",
                "webapp/help/words.py": "",
                "schemas/tables/people.py": "",
            },
            "webapp.feeds.ical → webapp.help → schemas.tables.people",
        ),
        (
            crossed_floors,
            {"webapp/api/v1.py": "def f():\n    import schemas.store.kitas", "schemas/store/kitas.py": ""},
            "webapp.api must not reach schemas.store.kitas",
        ),
        (
            crossed_floors,
            {
                "webapp/feeds/ical.py": "",
                "webapp/__init__.py": "from schemas.store import kitas",
                "schemas/store/kitas.py": "",
            },
            "webapp.feeds.ical → webapp → schemas.store.kitas",
        ),
        (
            crossed_floors,
            {"harvesters/formats/ical.py": "import harvesters.fetch.client", "harvesters/fetch/client.py": ""},
            "harvesters.fetch",
        ),
        (misplaced_edges, {"webapp/jobs.py": "import os\nx = os.environ['A']"}, "webapp/jobs.py:2: uses os.environ"),
        (misplaced_edges, {"webapp/jobs.py": "from os import getenv as g"}, "uses os.getenv"),
        (
            misplaced_edges,
            {"schemas/publish.py": "from datetime import datetime as d\nx = d.now()"},
            "uses datetime.datetime.now",
        ),
        (
            misplaced_edges,
            {"schemas/publish.py": "import datetime\nx = datetime.date.today()"},
            "uses datetime.date.today",
        ),
        (misplaced_edges, {"schemas/publish.py": "import time\nx = time.time()"}, "uses time.time"),
        (
            misplaced_edges,
            {"schemas/tables/work.py": "from sqlalchemy import func\nx = func.now()"},
            "uses sqlalchemy.func.now",
        ),
        (
            misplaced_edges,
            {"harvesters/formats/jsonld.py": "import httpx"},
            "uses httpx, which belongs in: harvesters/fetch",
        ),
        (
            misplaced_edges,
            {"harvesters/normalise/text.py": "from scrapy.selector import Selector"},
            "uses scrapy.selector",
        ),
        (misplaced_edges, {"webapp/digest.py": "import smtplib"}, "uses smtplib, which belongs in: webapp/mail"),
        (misplaced_edges, {"webapp/mail/relay.py": "import requests"}, "belongs in: nowhere"),
        (misplaced_edges, {"webapp/pages/kita.py": "from urllib import request"}, "uses urllib.request"),
        (
            meeting_blueprints,
            {
                "webapp/pages/kita.py": "import flask\nfrom webapp.pages import offers\nb = flask.Blueprint('k', '')",
                "webapp/pages/offers.py": "from flask import Blueprint\nb = Blueprint('o', __name__)",
            },
            "imports the blueprint webapp.pages.offers",
        ),
        (relative_imports, {"webapp/pages/kita.py": "from . import offers"}, "webapp/pages/kita.py:1"),
    ],
)
def test_each_rule_finds_what_it_forbids(tree, rule, files, complaint):
    found = rule(tree(files))

    assert len(found) == 1
    assert complaint in found[0]


def test_what_is_allowed_passes_every_rule(tree):
    modules = tree(
        {
            "webapp/__init__.py": "",
            "webapp/app.py": "from schemas.store import kitas",
            "webapp/settings.py": "import os\nx = os.environ",
            "webapp/feeds/ical.py": "from schemas.store import offers\nimport time\nx = time.monotonic()",
            "webapp/pages/kita.py": "import flask\nfrom webapp.pages import shared\nb = flask.Blueprint('k', '')",
            "webapp/pages/shared.py": "from schemas.store import kitas",
            "harvesters/fetch/client.py": "import httpx, socket",
            "harvesters/crawl.py": "import scrapy\nfrom harvesters.fetch.client import x",
            "recommender/index.py": "import numpy\nfrom schemas.offer import Offer",
            "schemas/clock.py": "from datetime import datetime\nx = datetime.now()",
            "schemas/offer.py": "from datetime import datetime\nx = datetime.fromisoformat('2026-11-23')",
            "schemas/store/kitas.py": "import sqlalchemy",
            "schemas/store/offers.py": "import sqlalchemy",
        }
    )

    assert [complaint for rule in RULES for complaint in rule(modules)] == []
