"""Images and caption files of the disk: listed, measured before they are uploaded, put into batches."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from ._transport import Part
from .errors import StyleForgeError

#: Also those that the service refuses: its response names them, where leaving them out would say nothing.
PICTURES = {".png", ".jpg", ".jpeg", ".jfif", ".webp", ".avif", ".bmp", ".gif", ".heic", ".heif", ".jxl", ".tif", ".tiff"}
CAPTIONS = {".txt", ".caption"}
CAPTION_LIST = "metadata.jsonl"
#: Large uploads go in several requests, so that each fits into its time and can be repeated.
BATCH_FILES, BATCH_BYTES = 40, 64 * 1024 * 1024
NAMED = 3

PathLike = str | os.PathLike[str]


def files_of(paths: PathLike | Sequence[PathLike]) -> list[Path]:
    """A folder stands for its images and caption files, by name."""
    single = isinstance(paths, (str, os.PathLike))
    files: list[Path] = []
    for path in map(Path, [paths] if single else paths):  # type: ignore[arg-type]
        if not path.is_dir():
            files.append(path)
            continue
        found = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith(".") and _is_wanted(file))
        if not any(file.suffix.lower() in PICTURES for file in found):
            raise StyleForgeError(f"{path} has no PNG, JPEG or WebP images in it")
        files += found
    return files


def is_image(file: Path) -> bool:
    return file.suffix.lower() in PICTURES


def _is_wanted(file: Path) -> bool:
    return file.suffix.lower() in PICTURES | CAPTIONS or file.name.lower() == CAPTION_LIST


def batches(files: Iterable[Path]) -> Iterator[list[Path]]:
    """An archive goes alone in its request."""
    batch: list[Path] = []
    size = 0
    for file in files:
        is_archive, length = file.suffix.lower() == ".zip", file.stat().st_size
        if batch and (is_archive or batch[-1].suffix.lower() == ".zip" or len(batch) == BATCH_FILES or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += length
    if batch:
        yield batch


def parts_of(batch: Sequence[Path], component: str | None, caption: str | None) -> list[Part]:
    labels = [Part(name, value) for name, value in (("component", component), ("caption", caption)) if value is not None]
    return [*labels, *(Part("images", path=str(file), file_name=file.name) for file in batch)]


def adapter_parts(path: PathLike, config: PathLike | None, fields: Mapping[str, str | None]) -> list[Part]:
    """The text fields first: the service reads them before the file."""
    file = Path(path)
    if not file.is_file():
        raise StyleForgeError(f"{file} is not a file: name the adapter's file")
    texts = [Part(name, value) for name, value in fields.items() if value is not None]
    configs = [] if config is None else [Part("config", path=str(config), file_name="adapter_config.json")]
    return [*texts, *configs, Part("file", path=str(file), file_name=file.name)]


def refuse_small_images(files: Iterable[Path], resolution: int) -> None:
    """Raises for images that are smaller than `resolution`, before anything is uploaded."""
    sizes = ((file, image_size(file)) for file in files if file.suffix.lower() in PICTURES)
    small = [f"{file} is {size[0]}x{size[1]}" for file, size in sizes if size is not None and min(size) < resolution]
    if small:
        more = f", and {len(small) - NAMED} more" if len(small) > NAMED else ""
        raise StyleForgeError(
            f"Images are smaller than hyperparameters.resolution {resolution}: {', '.join(small[:NAMED])}{more}. "
            "Give larger images, or lower the resolution."
        )


def image_size(path: PathLike) -> tuple[int, int] | None:
    """Width and height by the first bytes of a PNG, JPEG or WebP; None where they do not tell."""
    with open(path, "rb") as file:
        head = file.read(30)
        if head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) >= 24:
            width, height = struct.unpack(">II", head[16:24])
            return width, height
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return _webp_size(head)
        return _jpeg_size(file) if head.startswith(b"\xff\xd8") else None


def _webp_size(head: bytes) -> tuple[int, int] | None:
    if len(head) < 30:
        return None
    if head[12:16] == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    width, height = struct.unpack("<HH", head[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _jpeg_size(file: IO[bytes]) -> tuple[int, int] | None:
    file.seek(2)
    while len(marker := file.read(4)) == 4 and marker[0] == 0xFF:
        kind, length = marker[1], int.from_bytes(marker[2:], "big")
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">xHH", file.read(5))
            return width, height
        file.seek(length - 2, os.SEEK_CUR)
    return None
