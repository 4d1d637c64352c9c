"""One tree of errors: what went wrong, on which input, what to do.

A message is an English msgid with `{named}` parameters, so that it can be shown in the reader's language.
The kernel maps each class once to an HTTP status and to a page; a use case just raises.
"""

from collections.abc import Sequence
from typing import Any, ClassVar


class HeadgateError(Exception):
    """Base of everything that a person may be told.

    Args:
        message: English msgid, with `{named}` places for `params`.
        field: name of the input that is wrong, as in the form or JSON body.
        row: one-based row of the file or list that is wrong.
        params: values for the message.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, message: str, /, *, field: str = "", row: int | None = None, **params: object) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.row = row
        self.params = params

    def __str__(self) -> str:
        return self.fill(self.message)

    def fill(self, text: str) -> str:
        """Fill the message, or a translation of it, with its parameters; `{field}` and `{row}` are there too.

        A place that has no parameter stays as it is: an error about an error would hide what went wrong.
        """
        return text.format_map(_Places({"field": self.field, "row": self.row, **self.params}))


class _Places(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


class Invalid(HeadgateError):
    """The input cannot be accepted as it stands; names the field or row."""

    code = "invalid"
    status = 422


class InvalidFields(Invalid):
    """Several things are wrong at once; each is told, none is dropped."""

    code = "invalid_fields"

    def __init__(self, problems: Sequence[HeadgateError]) -> None:
        super().__init__("Please correct what is marked.")
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return " ".join(str(problem) for problem in self.problems)


class SignInRequired(HeadgateError):
    """Nobody is signed in."""

    code = "sign_in_required"
    status = 401


class Forbidden(HeadgateError):
    """The person is known and may not do this."""

    code = "forbidden"
    status = 403


class NotFound(HeadgateError):
    """No such thing, or not one of this tenant's: the two must look alike."""

    code = "not_found"
    status = 404


class Conflict(HeadgateError):
    """The world has moved on: somebody was faster, or the state does not allow it now."""

    code = "conflict"
    status = 409


class TooLarge(HeadgateError):
    """More than the limit that the message names."""

    code = "too_large"
    status = 413


class Vetoed(Conflict):
    """A plugin refused, and says why.

    Args:
        plugin: id of the plugin that refused.
        reason: English msgid of the reason.
    """

    code = "vetoed"

    def __init__(self, plugin: str, reason: str, /, **params: object) -> None:
        super().__init__(reason)
        self.plugin = plugin
        self.params = params


class QuotaExceeded(HeadgateError):
    """More than the distributor's plan gives: nothing was done; another plan, or the next month, helps.

    Args:
        message: English msgid: which limit was met, and whom to ask.
        meter: what is counted, e.g. `orders`; told to programs as the field.
    """

    code = "quota_exceeded"
    status = 402

    def __init__(self, message: str, /, *, meter: str, **params: Any) -> None:
        super().__init__(message, field=meter, **params)
        self.meter = meter


class TooManyRequests(HeadgateError):
    """More requests at a time than the distributor's plan gives; none of this one was done.

    Args:
        message: English msgid.
        retry_after: seconds after which it is worth trying again.
    """

    code = "too_many_requests"
    status = 429

    def __init__(self, message: str, /, *, retry_after: int = 1, **params: Any) -> None:
        super().__init__(message, seconds=retry_after, **params)
        self.retry_after = retry_after


class NotReady(HeadgateError):
    """A plugin's far side is not ready: the host retries later with back-off."""

    code = "not_ready"
    status = 503


class AuthFailed(HeadgateError):
    """A plugin's credentials were refused: the host asks the tenant to reconnect."""

    code = "auth_failed"
    status = 502


class SecretUnreadable(HeadgateError):
    """A sealed value cannot be opened where it stands: changed, moved, or its key is not at hand."""

    code = "secret_unreadable"
    status = 500


class ConfigError(HeadgateError):
    """A plugin's settings need attention; names the field."""

    code = "config_error"
    status = 409
