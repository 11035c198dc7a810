"""The blocking client: every operation of the service as a method, and what takes several of them."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from ._events import Stream
from ._files import PathLike, adapter_parts, batches, files_of, is_image, parts_of
from ._generated import models
from ._generated.sync_operations import Operations
from ._settings import (
    FINISHED,
    UPLOAD_TIMEOUT,
    add_result,
    is_dataset_id,
    name_of,
    only_base_model,
    refuse_unfit_folders,
    training_request,
    transport_of,
)
from ._transport import back_off, is_passing, quoted
from .errors import JobError, WaitTimeoutError

T = TypeVar("T")
#: Failures in a row, after which waiting gives up: half a minute.
PATIENCE = 8


class StyleForge(Operations):
    """`api_key` and `base_url` come from STYLEFORGE_API_KEY and STYLEFORGE_BASE_URL where they are not given."""

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float = 60.0,
        max_retries: int = 2,
        headers: dict[str, str] | None = None,
    ) -> None:
        self._transport = transport_of(api_key, base_url, timeout, max_retries, headers)

    @property
    def base_url(self) -> str:
        return self._transport.base_url

    def _call(self, method: str, path: str, **options: Any) -> Any:
        return self._transport.call(method, path, **options)

    def train(
        self,
        *,
        style_ref: PathLike,
        aux: PathLike | None = None,
        base_model: str | None = None,
        method: str = "single-styleforge",
        wait: bool = True,
        on_progress: Callable[[models.TrainingJob], object] | None = None,
        settings: dict[str, Any] | None = None,
    ) -> models.TrainingJob:
        """Trains on folders of images (or datasets that exist, by id) and returns the finished job; with `wait=False`, the queued one.

        `settings` are further fields of `create_training_job`, such as `{"hyperparameters": {"max_train_steps": 200}}`.
        Settings and image sizes are checked before anything is uploaded.
        """
        base_model = base_model or only_base_model(cast(dict[str, Any], self.list_base_models()))
        request = training_request(method, base_model, aux, settings or {})
        check = self._call("POST", "/v1/training-jobs/check", body=request)
        refuse_unfit_folders(check, style_ref, aux)
        request["style_ref"]["dataset_id"] = self._dataset_of(style_ref, "style_ref")
        if aux is not None:
            request["aux"]["dataset_id"] = self._dataset_of(aux, "aux")
        job = cast(models.TrainingJob, self._call("POST", "/v1/training-jobs", body=request))
        return self.wait_for_training_job(job["id"], on_progress=on_progress) if wait else job

    def _dataset_of(self, folder: PathLike, kind: Literal["style_ref", "aux"]) -> str:
        if is_dataset_id(folder):
            return str(folder)
        dataset = self.create_dataset(name=name_of(folder), kind=kind)
        self.upload(dataset["id"], folder)
        return dataset["id"]

    def upload(
        self,
        dataset_id: str,
        paths: PathLike | Sequence[PathLike],
        *,
        component: str | None = None,
        caption: str | None = None,
        direct: bool = False,
        on_progress: Callable[[models.UploadResponse], object] | None = None,
    ) -> models.UploadResponse:
        """Uploads images, folders, zip archives and caption files. A refused file raises nothing: the result tells of each file why.

        `direct` sends the images straight to the object store, where it signs links (S3), so that they do not pass through the service.
        """
        total: dict[str, Any] = {"kept": 0, "captions": 0, "masks": 0, "refused": 0, "files": []}
        for batch in batches(files_of(paths)):
            through_service = [file for file in batch if not (direct and is_image(file))]
            if len(through_service) < len(batch):
                images = [self._send_to_store(file, component, caption) for file in batch if file not in through_service]
                path = f"/v1/datasets/{quoted(dataset_id)}/import"
                add_result(total, self._call("POST", path, body={"images": images}, timeout=UPLOAD_TIMEOUT))
            if through_service:
                parts = parts_of(through_service, component, caption)
                add_result(total, self._call("POST", f"/v1/datasets/{quoted(dataset_id)}/images", parts=parts, timeout=UPLOAD_TIMEOUT))
            if on_progress:
                on_progress(cast(models.UploadResponse, total))
        return cast(models.UploadResponse, total)

    def _send_to_store(self, file: Path, component: str | None, caption: str | None) -> dict[str, str]:
        upload = self.create_upload(file_name=file.name)
        self._call(upload["method"], upload["url"], content=file.read_bytes(), raw=True, timeout=UPLOAD_TIMEOUT)
        labels = {"component": component, "caption": caption}
        return {"upload_id": upload["id"], **{name: value for name, value in labels.items() if value is not None}}

    def upload_adapter(
        self,
        name: str,
        path: PathLike,
        *,
        base_model: str,
        config: PathLike | None = None,
        token: str | None = None,
        description: str | None = None,
        license: str | None = None,
        prompt_template: str | None = None,
        notes: str | None = None,
    ) -> models.ModelVersion:
        """Uploads a LoRA, an embedding or another adapter as a version of the model, which is created where there is none.

        `config` is the adapter_config.json of a LoRA that peft has written.
        """
        fields = {
            "name": name,
            "base_model": base_model,
            "token": token,
            "description": description,
            "license": license,
            "prompt_template": prompt_template,
            "notes": notes,
        }
        parts = adapter_parts(path, config, fields)
        return cast(models.ModelVersion, self._call("POST", "/v1/models/upload", parts=parts, timeout=UPLOAD_TIMEOUT))

    def wait_for(
        self,
        read: Callable[[], T],
        *,
        on_progress: Callable[[T], object] | None = None,
        timeout: float | None = None,
        poll_interval: float = 1.0,
        done: Callable[[T], bool] = lambda subject: cast(dict[str, Any], subject)["status"] in FINISHED,
    ) -> T:
        """Reads again and again until `done`; `on_progress` sees the first state and every change."""
        end = time.monotonic() + timeout if timeout is not None else float("inf")
        seen: T | None = None
        failures = 0
        while True:
            try:
                subject = read()
                failures = 0
            except Exception as error:
                failures += 1
                if seen is None or not is_passing(error) or failures > PATIENCE:
                    raise
                time.sleep(back_off(failures))
                continue
            if subject != seen and on_progress:
                on_progress(subject)
            seen = subject
            if done(subject):
                return subject
            if time.monotonic() >= end:
                raise WaitTimeoutError(f"It has not ended within {timeout} s; it continues.")
            time.sleep(min(poll_interval, max(0.0, end - time.monotonic())))

    def wait_for_training_job(self, id: str, **options: Any) -> models.TrainingJob:
        """The job when it has succeeded; raises a JobError when it failed or was cancelled."""
        return self._succeeded("training job", self.wait_for(lambda: self.get_training_job(id), **options))

    def wait_for_generation(self, id: str, **options: Any) -> models.Generation:
        return self._succeeded("generation", self.wait_for(lambda: self.get_generation(id), **options))

    def wait_for_evaluation(self, id: str, **options: Any) -> models.Evaluation:
        return self._succeeded("evaluation", self.wait_for(lambda: self.get_evaluation(id), **options))

    @staticmethod
    def _succeeded(kind: str, subject: T) -> T:
        if cast(dict[str, Any], subject)["status"] != "succeeded":
            raise JobError(kind, cast(dict[str, Any], subject))
        return subject

    def training_job_events(self, id: str, *, after: int = 0) -> Stream:
        """The log from its beginning (or `after`), then live, with the progress in between; ends with the job."""
        path = f"/v1/training-jobs/{quoted(id)}/events"
        return Stream(self._transport, path, {}, after, lambda: self.get_training_job(id)["status"] in FINISHED)

    def events(self, *, types: Sequence[str] = (), after: int = 0) -> Stream:
        """Everything that happens in the project from now on (or `after`), live, until `close()`."""
        return Stream(self._transport, "/v1/events", {"types": ",".join(types) or None}, after, None)

    def download(self, url: str, to: PathLike) -> str:
        """Saves what a `url` in a body leads to: an image, a file of a checkpoint. Returns the path."""
        with self._transport.open("GET", url) as response, open(to, "wb") as file:
            shutil.copyfileobj(response, file)
        return os.fspath(to)
