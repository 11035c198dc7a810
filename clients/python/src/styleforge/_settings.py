"""Code that both clients share: service URL, API key, and the steps of `train`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from ._files import PathLike, files_of, refuse_small_images
from ._transport import Transport
from .errors import StyleForgeError

DEFAULT_BASE_URL = "http://127.0.0.1:3000"
FINISHED = ("succeeded", "failed", "cancelled")
UPLOAD_TIMEOUT = 600.0


def transport_of(api_key: str | None, base_url: str | None, timeout: float, max_retries: int, headers: dict[str, str] | None) -> Transport:
    key = api_key or os.environ.get("STYLEFORGE_API_KEY")
    if not key:
        raise StyleForgeError("An API key is needed: StyleForge(api_key=...) or the environment variable STYLEFORGE_API_KEY.")
    url = (base_url or os.environ.get("STYLEFORGE_BASE_URL") or DEFAULT_BASE_URL).rstrip("/")
    if not re.match(r"https?://[^/]", url):
        raise StyleForgeError(f"base_url: {url} is not an http or https URL; give one such as {DEFAULT_BASE_URL}.")
    return Transport(url, key, timeout, max_retries, headers or {})


def is_dataset_id(value: PathLike) -> bool:
    return re.fullmatch(r"ds_[0-9a-f-]{36}", str(value)) is not None


def only_base_model(page: dict[str, Any]) -> str:
    names = [model["name"] for model in page["data"]]
    if len(names) == 1:
        return str(names[0])
    raise StyleForgeError(f"base_model: name one of {', '.join(names)}" if names else "This service has no base model installed.")


def training_request(method: str, base_model: str, aux: PathLike | None, settings: dict[str, Any]) -> dict[str, Any]:
    """The request without its datasets, as `check_training_job` takes it."""
    request = {"method": method, "base_model": base_model, **settings}
    request["style_ref"] = dict(settings.get("style_ref") or {})
    if aux is not None:
        request["aux"] = dict(settings.get("aux") or {})
    return request


def refuse_unfit_folders(check: dict[str, Any], *folders: PathLike | None) -> None:
    resolution = check["hyperparameters"]["resolution"]
    for folder in folders:
        if folder is not None and not is_dataset_id(folder):
            refuse_small_images(files_of(folder), resolution)


def name_of(folder: PathLike) -> str:
    return Path(folder).resolve().name


def add_result(total: dict[str, Any], result: dict[str, Any]) -> None:
    total["kept"] += result["kept"]
    total["captions"] += result["captions"]
    total["masks"] += result["masks"]
    total["refused"] += result["refused"]
    total["files"] += result["files"]
