"""One request with all that belongs to it: key, idempotency, time limit, further tries, errors as exceptions."""

from __future__ import annotations

import json
import random
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import IO, Any, NamedTuple

from ._generated import VERSION
from .errors import APIConnectionError, APIError, error_of

RETRIED = (408, 429, 500, 502, 503, 504)
#: A longer wait is the caller's decision.
LONGEST_RETRY_AFTER = 60.0
#: As long as an upload may take.
LONGEST_IN_PROGRESS = 600.0
CHUNK = 64 * 1024


class Part(NamedTuple):
    """A part of a multipart body: a field, or a file that is read when it is sent."""

    name: str
    value: str | bytes | None = None
    path: str | None = None
    file_name: str | None = None


def quoted(value: object) -> str:
    """A path segment."""
    return urllib.parse.quote(str(value), safe="")


def back_off(tries: int) -> float:
    """Doubles with each try, less up to a quarter, so that many clients do not come back at once."""
    return min(0.5 * 2**tries, 8.0) * (1 - random.random() / 4)


def is_passing(error: BaseException) -> bool:
    """Whether another try may succeed where this one failed."""
    return isinstance(error, APIConnectionError) or (isinstance(error, APIError) and error.status in RETRIED)


@dataclass
class Transport:
    base_url: str
    api_key: str
    timeout: float = 60.0
    max_retries: int = 2
    headers: dict[str, str] = field(default_factory=dict)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        content: bytes | None = None,
        parts: Sequence[Part] | None = None,
        idempotency_key: str | None = None,
        raw: bool = False,
        timeout: float | None = None,
    ) -> Any:
        """The parsed body of the response; its bytes with `raw`."""
        headers: dict[str, str] = {}
        if method == "POST":
            headers["Idempotency-Key"] = idempotency_key or f"py-{uuid.uuid4().hex}"
        if body is not None:
            content = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        with self.open(method, path, query=query, content=content, parts=parts, headers=headers, timeout=timeout) as response:
            data = response.read()
        if raw:
            return data
        return json.loads(data) if data else None

    def open(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        content: bytes | None = None,
        parts: Sequence[Part] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> Any:
        """A response whose body is still to be read; raises unless it is a success."""
        url = self._url(path, query)
        failures, waits = 0, 0
        patience = time.monotonic() + LONGEST_IN_PROGRESS
        most = self.max_retries if max_retries is None else max_retries
        while True:
            try:
                return self._try(method, url, content, parts, headers or {}, timeout or self.timeout)
            except (APIError, APIConnectionError) as error:
                if isinstance(error, APIError) and error.code == "idempotency_in_progress" and most > 0 and time.monotonic() < patience:
                    delay, waits = _delay(waits, error), waits + 1
                elif is_passing(error) and failures < most:
                    delay, failures = _delay(failures, error), failures + 1
                else:
                    raise
                if delay is None:
                    raise
                time.sleep(delay)

    def _url(self, path: str, query: Mapping[str, object] | None) -> str:
        url = self.base_url + path if path.startswith("/") else path
        pairs = [
            (name, _text(item))
            for name, value in (query or {}).items()
            if value is not None
            for item in (value if isinstance(value, (list, tuple)) else [value])
        ]
        return f"{url}?{urllib.parse.urlencode(pairs)}" if pairs else url

    def _try(
        self, method: str, url: str, content: bytes | None, parts: Sequence[Part] | None, headers: Mapping[str, str], timeout: float
    ) -> Any:
        form = _Form(parts) if parts is not None else None
        request = urllib.request.Request(url, method=method, data=form or content)
        request.add_header("User-Agent", f"styleforge-python/{VERSION}")
        for name, value in {**self.headers, **headers}.items():
            request.add_header(name, value)
        if form is not None:
            request.add_header("Content-Type", form.content_type)
            request.add_header("Content-Length", str(form.size))
        if _origin(url) == _origin(self.base_url):
            # A redirect to an object store carries its own permission; the key is for the service alone.
            request.add_unredirected_header("Authorization", f"Bearer {self.api_key}")
        try:
            return urllib.request.urlopen(request, timeout=timeout)  # noqa: S310
        except urllib.error.HTTPError as error:
            with error:
                raise error_of(error.code, _problem(error), {k.lower(): v for k, v in error.headers.items()}) from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise APIConnectionError(f"{_origin(url)} cannot be reached: {reason}") from error


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _origin(url: str) -> str:
    scheme, host, *_ = urllib.parse.urlsplit(url)
    return f"{scheme}://{host}"


def _problem(error: urllib.error.HTTPError) -> dict[str, Any]:
    """A proxy may respond with a page instead of a problem document."""
    text = error.read().decode(errors="replace")
    try:
        problem = json.loads(text)
    except ValueError:
        return {"detail": text} if 0 < len(text) < 300 else {}
    return problem if isinstance(problem, dict) else {}


def _delay(tries: int, error: Exception) -> float | None:
    asked = error.headers.get("retry-after") if isinstance(error, APIError) else None
    if asked is None or not asked.strip().isdigit():
        return back_off(tries)
    return float(asked) if float(asked) <= LONGEST_RETRY_AFTER else None


class _Form:
    """A multipart body, whose files are read while it is sent."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._boundary = f"styleforge-{uuid.uuid4().hex}"
        self.content_type = f"multipart/form-data; boundary={self._boundary}"
        self._parts = [(self._head(part), part) for part in parts]
        self._end = f"--{self._boundary}--\r\n".encode()
        self.size = len(self._end) + sum(len(head) + _size_of(part) + 2 for head, part in self._parts)

    def _head(self, part: Part) -> bytes:
        name = f'form-data; name="{part.name}"'
        if part.file_name is not None:
            escaped = part.file_name.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "%0D").replace("\n", "%0A")
            return (
                f'--{self._boundary}\r\nContent-Disposition: {name}; filename="{escaped}"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n"
            ).encode()
        return f"--{self._boundary}\r\nContent-Disposition: {name}\r\n\r\n".encode()

    def __iter__(self) -> Iterator[bytes]:
        for head, part in self._parts:
            yield head
            if part.path is not None:
                with open(part.path, "rb") as file:
                    yield from _chunks(file)
            else:
                yield _bytes(part.value)
            yield b"\r\n"
        yield self._end


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _bytes(value: str | bytes | None) -> bytes:
    return value if isinstance(value, bytes) else (value or "").encode()


def _size_of(part: Part) -> int:
    if part.path is None:
        return len(_bytes(part.value))
    with open(part.path, "rb") as file:
        return file.seek(0, 2)
