"""Server-sent events, with a new connection where the last one broke."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from ._transport import Transport, back_off, is_passing
from .errors import APIConnectionError

#: Failures in a row, after which a stream gives up: half a minute.
PATIENCE = 8
FINAL = ("job.succeeded", "job.failed", "job.cancelled")
Event = dict[str, Any]


class Stream:
    """Iterates over events; every kept event comes exactly once, whatever happens to the connection. `close()` ends it from elsewhere."""

    def __init__(self, transport: Transport, path: str, query: dict[str, object], after: int, is_finished: Callable[[], bool] | None) -> None:
        self._transport, self._path, self._query = transport, path, query
        self._after, self._is_finished = after, is_finished
        self._response: Any = None
        self._closed = self._ended = False

    def close(self) -> None:
        self._closed = True
        response, self._response = self._response, None
        if response is not None:
            response.close()

    def __iter__(self) -> Iterator[Event]:
        failures = 0
        while not self._closed:
            received = 0
            try:
                for event in self._connection():
                    received, failures = received + 1, 0
                    yield event
                # The service ends a stream when the job has ended, and when it stops itself.
                if self._ended or (received == 0 and self._is_finished is not None and self._is_finished()):
                    return
            except Exception as error:
                if self._closed:
                    return
                failures += 1
                if not is_passing(error) or failures > PATIENCE:
                    raise
            time.sleep(back_off(failures))

    def _connection(self) -> Iterator[Event]:
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": str(self._after)} if self._after > 0 else {})}
        self._response = self._transport.open("GET", self._path, query=self._query, headers=headers, max_retries=0)
        if self._response.status == 204:
            self._ended = True
            return
        for kind, data in messages(self._response):
            if kind == "progress":
                yield {"type": "progress", "data": data}
                continue
            number = data.get("sequence", data.get("id"))
            if number is not None:
                self._after = int(number)
            self._ended = self._is_finished is not None and data.get("type") in FINAL
            yield data


def messages(lines: Any) -> Iterator[tuple[str, Any]]:
    """The type and data of each message of one connection, until it ends."""
    kind = "message"
    data: list[str] = []
    try:
        for raw in lines:
            line = raw.decode().rstrip("\r\n")
            if line == "":
                if data:
                    yield kind, json.loads("\n".join(data))
                kind, data = "message", []
            elif line.startswith("event:"):
                kind = line[6:].strip()
            elif line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))
    except (OSError, ValueError, AttributeError) as error:
        raise APIConnectionError(f"The event stream broke: {error}") from error
