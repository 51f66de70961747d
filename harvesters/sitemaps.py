"""A bounded walk through the sitemaps of a site, for looks; a crawl finds its own way (``crawl``)."""

from datetime import datetime
from urllib.parse import urlsplit

from harvesters.fetch.client import Client
from harvesters.formats.sitemap import Sitemap, parse
from harvesters.page_links import TELLING
from harvesters.problems import ReadError
from schemas.harvest import Issue, Source


def walk(start: str, source: Source, client: Client, *, now: datetime, most: int) -> Sitemap:
    """The pages that ``most`` sitemaps from ``start`` on name for ``source``; those of an index that sound like offers
    come first.

    ``sitemaps`` of the answer are those that were left out. Raises ``ReadError`` where ``start`` cannot be read.
    """
    waiting, asked = [start], set[str]()
    pages: dict[str, None] = {}
    issues: list[Issue] = []
    complete = True
    while waiting and len(asked) < most:
        address = waiting.pop(0)
        asked.add(address)
        try:
            page = client.get(address, source=source.name)
        except ReadError as error:
            if address == start:
                raise
            issues.append(error.issue())
            complete = False
            continue
        found = parse(page.content, source=source, url=page.url, fetched_at=now)
        pages |= dict.fromkeys(found.pages)
        issues += found.issues
        complete &= found.complete
        further = [one for one in found.sitemaps if one not in asked and one not in waiting]
        waiting += sorted(further, key=lambda one: not TELLING.search(urlsplit(one).path))
    return Sitemap(tuple(pages), tuple(waiting), tuple(issues), complete and not waiting)
