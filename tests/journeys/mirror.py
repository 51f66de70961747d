"""What somebody writes who keeps a copy of the open data: asks once for everything, then for what changed."""

from __future__ import annotations

import json
from typing import Any

import httpx


class Mirror:
    """A copy of all offers by id, and the number up to which it is complete; knows nothing of how the portal works."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._etags: dict[str, str] = {}
        self.offers: dict[str, dict[str, Any]] = {}
        self.upto = 0
        self.copies = 0
        """How often everything was copied."""
        self.answers: list[int] = []
        """Status of each answer to ``follow``."""

    def copy(self) -> None:
        """Everything, from the beginning."""
        response = self._client.get("/offers.ndjson").raise_for_status()
        self.offers, self.upto = {}, 0
        self.copies += 1
        self._apply(json.loads(line) for line in response.text.splitlines())

    def follow(self) -> None:
        """What changed since, as JSON lines."""
        response = self._ask(f"/offers.ndjson?changed_since={self.upto}")
        if response is not None:
            self._apply(json.loads(line) for line in response.text.splitlines())

    def _apply(self, items: Any) -> None:
        for item in items:
            if item["status"] in ("published", "cancelled"):
                self.offers[item["id"]] = item
            else:
                self.offers.pop(item["id"], None)
            self.upto = max(self.upto, item["version"])

    def _ask(self, path: str) -> httpx.Response | None:
        """The answer to ``path``; ``None`` where nothing is new, or where everything had to be copied anew."""
        known = {"If-None-Match": self._etags[path]} if path in self._etags else {}
        response = self._client.get(path, headers=known)
        self.answers.append(response.status_code)
        if response.status_code == 304:
            return None
        if response.status_code == 410:
            self.copy()
            return None
        self._etags[path] = response.raise_for_status().headers["ETag"]
        return response


class PagingMirror(Mirror):
    """The same by pages of JSON, three offers each."""

    def copy(self) -> None:
        """Everything, from the beginning, and what changed while the pages were read."""
        self.offers, self.upto = {}, 0
        self.copies += 1
        self._walk("/offers.json?limit=3")
        self.follow()

    def follow(self) -> None:
        """What changed since, page by page."""
        self._walk(f"/offers.json?changed_since={self.upto}&limit=3")

    def _walk(self, path: str) -> None:
        following: str | None = path
        latest = None
        while following:
            response = self._ask(following)
            if response is None:
                return
            page = response.json()
            latest = page["latest"] if latest is None else latest
            self._apply(page["items"])
            following = page["next"]
        self.upto = max(self.upto, latest or 0)
