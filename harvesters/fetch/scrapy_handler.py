"""Scrapy's way to the network: the same client as for feeds, so that Scrapy opens no connection of its own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotSupported
from scrapy.http import HtmlResponse, Response

from harvesters.fetch.client import NO_VALIDATORS, Client

_ACCEPT: Final = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
_THREADS: Final = 4


class GateHandler:
    """Download handler for http and https. The spider brings the client: ``client`` and ``source`` are its attributes;
    a request brings what is remembered of the pages it may lead to: ``meta["validators"]``.

    Robots, pace, redirects, retries and limits are the client's; Scrapy's own middlewares for them are switched off.
    """

    lazy = False

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="fetch")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's constructor."""
        return cls(crawler)

    async def download_request(self, request: Request) -> Response:
        """The answer to a GET; ``ReadError`` reaches the request's errback."""
        if request.method != "GET":
            raise NotSupported(f"only GET is offered, not {request.method}")
        spider = self._crawler.spider
        client: Client = spider.client  # type: ignore[union-attr]
        name: str = spider.source.name  # type: ignore[union-attr]
        validators = request.meta.get("validators", NO_VALIDATORS)
        get = partial(client.get, request.url, source=name, accept=_ACCEPT, validators=validators)
        fetched = await asyncio.get_running_loop().run_in_executor(self._threads, get)
        given = fetched.validators
        headers = {
            "Content-Type": fetched.headers.get("content-type", "text/html"),
            "ETag": given and given.etag,
            "Last-Modified": given and given.last_modified,
        }
        return HtmlResponse(
            fetched.url,
            status=fetched.status,
            headers={name: value for name, value in headers.items() if value},
            body=fetched.content,
            request=request,
            encoding=None,
        )

    async def close(self) -> None:
        """Wait for nothing: requests under way end with their deadline."""
        self._threads.shutdown(wait=False, cancel_futures=True)
