"""Everything that can go wrong, as exceptions; `code` tells apart what the service refuses."""

from __future__ import annotations

from typing import Any


class StyleForgeError(Exception):
    """Base of every error of this client."""


class APIConnectionError(StyleForgeError):
    """No response came: the service is not there, or the connection broke."""


class WaitTimeoutError(StyleForgeError):
    """Waiting took longer than the caller allows; the awaited work continues."""


class APIError(StyleForgeError):
    """The service responded with an error."""

    def __init__(self, status: int, problem: dict[str, Any], headers: dict[str, str]) -> None:
        self.status = status
        self.code: str | None = problem.get("code")
        self.title: str = problem.get("title", "")
        self.detail: str = problem.get("detail") or self.title or f"The service responded with {status}"
        self.errors: list[dict[str, str]] = problem.get("errors", [])
        self.request_id: str | None = problem.get("request_id") or headers.get("x-request-id")
        self.headers = headers
        super().__init__(" ".join(str(part) for part in (status, self.code, self.detail) if part))


class BadRequestError(APIError):
    pass


class AuthenticationError(APIError):
    pass


class PermissionDeniedError(APIError):
    pass


class NotFoundError(APIError):
    pass


class ConflictError(APIError):
    pass


class PayloadTooLargeError(APIError):
    pass


class UnprocessableEntityError(APIError):
    pass


class RateLimitError(APIError):
    pass


class InternalServerError(APIError):
    pass


class JobError(StyleForgeError):
    """What was waited for ended as `failed` or `cancelled`; `subject` is its last state."""

    def __init__(self, kind: str, subject: dict[str, Any]) -> None:
        self.subject = subject
        reason = subject.get("error")
        cause = f": {reason['code']}: {reason['message']}" if reason else ""
        super().__init__(f"The {kind} {subject['id']} is {subject['status']}{cause}")


_BY_STATUS: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: PayloadTooLargeError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def error_of(status: int, problem: dict[str, Any], headers: dict[str, str]) -> APIError:
    kind = _BY_STATUS.get(status, InternalServerError if status >= 500 else APIError)
    return kind(status, problem, headers)
