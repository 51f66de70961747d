"""What goes wrong while reading a source, said once: for the desk as an ``Issue``, for the command line as an error."""

import re

from schemas.exceptions import SourceError
from schemas.harvest import Issue, Source

_MAX_WORDING = 500
_SECRET = re.compile(r"(?<=:)//[^/?#]*@")
_MAX_MESSAGE = 1_000


class ReadError(SourceError):
    """A source as a whole cannot be read; raised by ``harvesters.fetch``, ``formats``, ``feeds`` and ``crawl``.

    ``happened`` and ``remedy`` are German sentences, because coordinators read them on the desk; ``rule`` is a stable
    code (``fetch.unreachable``); ``address`` is what was read.
    """

    def __init__(self, source: str, address: str, rule: str, happened: str, remedy: str) -> None:
        self.source = source
        self.address = without_secret(address)
        super().__init__(f"{source}: {happened} Adresse: {self.address}. {remedy}")
        self.rule = rule
        self.happened = happened
        self.remedy = remedy

    def __reduce__(self) -> tuple[type["ReadError"], tuple[str, str, str, str, str]]:
        """Errors travel between processes: pickle the parts, not the sentence."""
        return type(self), (self.source, self.address, self.rule, self.happened, self.remedy)

    def issue(self) -> Issue:
        """The same as an item for the desk."""
        return problem(
            self.source, self.address, field="source", rule=self.rule, message=self.happened, remedy=self.remedy
        )


def without_secret(address: str) -> str:
    """``address`` without name and password: what goes wrong is stored, shown and logged.

    >>> without_secret("https://uta:geheim@museum.example/kita"), without_secret("https://museum.example/a@b")
    ('https://…@museum.example/kita', 'https://museum.example/a@b')
    """
    return _SECRET.sub("//…@", address, count=1)


def place_of(source: Source) -> str:
    """What to name as the address of a source as a whole; its title where it has none (``table``, ``form``)."""
    return without_secret(next(iter(source.access.start), source.homepage or source.title or source.name))


def problem(
    source: str,
    address: str,
    *,
    field: str,
    rule: str,
    message: str,
    remedy: str,
    wording: str = "",
) -> Issue:
    """An Issue with every part cut to what the model holds: what happened, and what to do, in German sentences."""
    return Issue(
        field=field,
        wording=wording[:_MAX_WORDING],
        rule=rule,
        where=f"{source} {address}"[:2300],
        message=message[:_MAX_MESSAGE],
        remedy=remedy[:_MAX_MESSAGE],
    )
