"""Every item of a list, page after page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any


def all_items(fetch: Callable[[Any], Any]) -> Iterator[Any]:
    after: Any = None
    while True:
        page = fetch(after)
        yield from page["data"]
        if not page["has_more"] or page["next"] is None:
            return
        after = page["next"]


async def all_items_async(fetch: Callable[[Any], Awaitable[Any]]) -> AsyncIterator[Any]:
    after: Any = None
    while True:
        page = await fetch(after)
        for item in page["data"]:
            yield item
        if not page["has_more"] or page["next"] is None:
            return
        after = page["next"]
