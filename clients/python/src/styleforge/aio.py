"""The client for asyncio: the same methods, awaited. Each request runs in a thread of its own, so that no dependency is needed."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from ._events import Event, Stream
from ._files import PathLike
from ._generated import models
from ._generated.async_operations import AsyncOperations
from .client import PATIENCE, StyleForge
from ._settings import FINISHED
from ._transport import back_off, is_passing
from .errors import WaitTimeoutError

T = TypeVar("T")
#: Requests at a time; an open event stream counts as one.
THREADS = 32
_END = object()


class AsyncStyleForge(AsyncOperations):
    """`async with AsyncStyleForge() as client:` gives its threads back at the end."""

    def __init__(self, api_key: str | None = None, base_url: str | None = None, **options: Any) -> None:
        self._blocking = StyleForge(api_key, base_url, **options)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="styleforge")

    @property
    def base_url(self) -> str:
        return self._blocking.base_url

    async def __aenter__(self) -> AsyncStyleForge:
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, function: Callable[..., T], *arguments: Any, **options: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, functools.partial(function, *arguments, **options))

    async def _call(self, method: str, path: str, **options: Any) -> Any:
        return await self._run(self._blocking._call, method, path, **options)

    async def train(
        self, *, wait: bool = True, on_progress: Callable[[models.TrainingJob], object] | None = None, **options: Any
    ) -> models.TrainingJob:
        """As `StyleForge.train`."""
        job = await self._run(self._blocking.train, wait=False, **options)
        return await self.wait_for_training_job(job["id"], on_progress=on_progress) if wait else job

    async def upload(self, dataset_id: str, paths: PathLike | Sequence[PathLike], **options: Any) -> models.UploadResponse:
        """As `StyleForge.upload`; `on_progress` is called in another thread."""
        return await self._run(self._blocking.upload, dataset_id, paths, **options)

    async def upload_adapter(self, name: str, path: PathLike, **options: Any) -> models.ModelVersion:
        """As `StyleForge.upload_adapter`."""
        return await self._run(self._blocking.upload_adapter, name, path, **options)

    async def wait_for(
        self,
        read: Callable[[], Any],
        *,
        on_progress: Callable[[Any], object] | None = None,
        timeout: float | None = None,
        poll_interval: float = 1.0,
        done: Callable[[Any], bool] = lambda subject: subject["status"] in FINISHED,
    ) -> Any:
        """As `StyleForge.wait_for`; `read` returns an awaitable. Cancelling the task ends the waiting."""
        try:
            async with asyncio.timeout(timeout):
                return await self._until(read, on_progress, poll_interval, done)
        except TimeoutError:
            raise WaitTimeoutError(f"It has not ended within {timeout} s; it continues.") from None

    async def _until(self, read: Any, on_progress: Any, poll_interval: float, done: Any) -> Any:
        seen, failures = None, 0
        while True:
            try:
                subject = await read()
                failures = 0
            except Exception as error:
                failures += 1
                if seen is None or not is_passing(error) or failures > PATIENCE:
                    raise
                await asyncio.sleep(back_off(failures))
                continue
            if subject != seen and on_progress:
                on_progress(subject)
            seen = subject
            if done(subject):
                return subject
            await asyncio.sleep(poll_interval)

    async def wait_for_training_job(self, id: str, **options: Any) -> models.TrainingJob:
        return StyleForge._succeeded("training job", cast(models.TrainingJob, await self.wait_for(lambda: self.get_training_job(id), **options)))

    async def wait_for_generation(self, id: str, **options: Any) -> models.Generation:
        return StyleForge._succeeded("generation", cast(models.Generation, await self.wait_for(lambda: self.get_generation(id), **options)))

    async def wait_for_evaluation(self, id: str, **options: Any) -> models.Evaluation:
        return StyleForge._succeeded("evaluation", cast(models.Evaluation, await self.wait_for(lambda: self.get_evaluation(id), **options)))

    def training_job_events(self, id: str, *, after: int = 0) -> AsyncIterator[Event]:
        """As `StyleForge.training_job_events`, for `async for`."""
        return self._iterate(self._blocking.training_job_events(id, after=after))

    def events(self, *, types: Sequence[str] = (), after: int = 0) -> AsyncIterator[Event]:
        """As `StyleForge.events`, for `async for`; leaving the loop closes the stream."""
        return self._iterate(self._blocking.events(types=types, after=after))

    async def _iterate(self, stream: Stream) -> AsyncIterator[Event]:
        iterator = iter(stream)
        try:
            while (event := await self._run(next, iterator, _END)) is not _END:
                yield cast(Event, event)
        finally:
            stream.close()

    async def download(self, url: str, to: PathLike) -> str:
        return await self._run(self._blocking.download, url, to)
