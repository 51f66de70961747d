"""What the documents say is there, and what is there is in the documents."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import click
import pytest

from tests.reference import TABLES, vocabularies, with_table
from tests.test_floors import FLOORS, read_tree
from webapp.app import create_app
from webapp.cli import main
from webapp.settings import SETTINGS, read_settings

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-test.lock")
LARGE_FILES: dict[str, str] = {}
"""Files over 1 MiB that may be in the repository: path → why it is worth that."""


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def tracked() -> list[str]:
    """Paths of all files in the repository, relative to its root."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in listed.stdout.split("\0") if path]


def commands(group: click.Group, before: str = "kitalotse") -> Iterator[str]:
    """Every command as it is typed, without options: `kitalotse sources check`."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}"


@pytest.mark.parametrize("floor", FLOORS)
def test_every_floor_explains_itself(floor):
    assert read(f"{floor}/README.md").startswith("# ")


def test_the_readme_names_the_two_commands_and_every_floor():
    text = read("README.md")

    assert "make demo" in text
    assert "make test" in text
    assert [floor for floor in FLOORS if f"({floor}/README.md)" not in text] == []


@pytest.mark.parametrize("document", [path for path in tracked() if path.endswith(".md")])
def test_no_link_inside_the_repository_is_broken(document):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", read(document))
    inside = [target for target in targets if not re.match(r"[a-z]+:", target)]

    assert [target for target in inside if not ((ROOT / document).parent / target).exists()] == []


@pytest.mark.parametrize(("document", "table"), TABLES, ids=lambda part: part)
def test_a_reference_table_says_what_the_code_says(document, table):
    text = read(document)

    assert with_table(text, table, TABLES[document, table]()) == text, "run make docs"


def test_every_setting_and_every_code_is_in_a_reference_table():
    variables = [f"| `{setting.variable}` |" for setting in SETTINGS]
    labels = [f"`{code.value}` {code.label}" for vocabulary in vocabularies() for code in vocabulary]

    assert [row for row in variables if row not in read("webapp/README.md")] == []
    assert [label for label in labels if label not in read("schemas/README.md")] == []


def test_every_command_is_documented_and_none_of_them_is_called_planned():
    before, _, rest = read("README.md").partition("\n### Planned")
    planned, _, after = rest.partition("\n## ")
    present = before + after
    existing = list(commands(main))

    assert planned, "README.md has no section of planned commands"
    assert [command for command in existing if not re.search(rf"`{command}[ `]", present)] == []
    assert [command for command in existing if re.search(rf"`{command}[ `]", planned)] == []


def test_every_page_and_feed_with_a_plain_address_is_documented(sqlite_database, tmp_path):
    settings = read_settings({"KITALOTSE_DATA_DIR": str(tmp_path), "KITALOTSE_DEMO": "yes"})
    app = create_app(settings, sqlite_database)
    pages = [rule for rule in app.url_map.iter_rules() if "<" not in rule.rule and "GET" in (rule.methods or ())]
    addresses = {rule.rule.rstrip("/") or "/" for rule in pages}

    assert "/offers.ndjson" in addresses
    assert [address for address in sorted(addresses) if f"`{address}`" not in read("webapp/README.md")] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_has_versions_and_hashes_and_no_addresses(lock):
    text = read(lock)
    packages = re.findall(
        r"^(\S+?)(?:\[.*?\])?==(\S+).*?((?:\n    --hash=sha256:[0-9a-f]{64}.*)*)$", text, re.MULTILINE
    )

    assert len(packages) > 50
    assert [name for name, _version, hashes in packages if not hashes] == []
    assert "://" not in text


def test_the_two_lock_files_agree():
    runtime, test = (dict(re.findall(r"^(\S+?)(?:\[.*?\])?==(\S+)", read(lock), re.MULTILINE)) for lock in LOCKS)

    assert {name: version for name, version in runtime.items() if test.get(name) != version} == {}


def test_every_dependency_is_locked():
    project = tomllib.loads(read("pyproject.toml"))["project"]
    optional = project["optional-dependencies"]
    for lock, wanted in (
        ("requirements.lock", [*project["dependencies"], *optional["build"]]),
        (
            "requirements-test.lock",
            [*project["dependencies"], *(line for lines in optional.values() for line in lines)],
        ),
    ):
        locked = {_name(line) for line in read(lock).splitlines() if re.match(r"[a-z0-9]", line)}

        assert [line for line in wanted if _name(line) not in locked] == [], f"run make lock: {lock} lacks these"


def test_every_foreign_import_is_a_declared_dependency():
    project = tomllib.loads(read("pyproject.toml"))["project"]
    optional = project["optional-dependencies"]
    declared = {_name(line) for line in [*project["dependencies"], *optional["postgres"], *optional["cluster"]]}
    providers = packages_distributions()
    imported = {name.partition(".")[0] for module in read_tree(ROOT).values() for name in module.imports}
    foreign = imported - set(sys.stdlib_module_names) - {"__future__", *FLOORS}

    assert [name for name in foreign if not declared & {_name(dist) for dist in providers.get(name, [])}] == []


def _name(requirement: str) -> str:
    """The distribution's name in a requirement, spelt as lock files spell it."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, f"{requirement!r} does not begin with a name"
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def test_no_file_is_large_without_a_reason():
    large = [path for path in tracked() if (ROOT / path).is_file() and (ROOT / path).stat().st_size > 2**20]

    assert sorted(large) == sorted(LARGE_FILES)


def test_the_changelog_has_this_version():
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]

    assert f"## {version} " in read("CHANGELOG.md")
