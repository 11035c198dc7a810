"""Client of the StyleForge training service: `StyleForge`, `AsyncStyleForge`, their errors, and `models` for the types of all bodies."""

from ._generated import VERSION as __version__
from ._generated import models
from .aio import AsyncStyleForge
from .client import StyleForge
from .errors import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    JobError,
    NotFoundError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    StyleForgeError,
    UnprocessableEntityError,
    WaitTimeoutError,
)

__all__ = [
    "APIConnectionError",
    "APIError",
    "AsyncStyleForge",
    "AuthenticationError",
    "BadRequestError",
    "ConflictError",
    "InternalServerError",
    "JobError",
    "NotFoundError",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "RateLimitError",
    "StyleForge",
    "StyleForgeError",
    "UnprocessableEntityError",
    "WaitTimeoutError",
    "__version__",
    "models",
]
