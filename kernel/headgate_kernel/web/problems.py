"""Errors as people and programs are told them: one mapping, no stack trace."""

import logging
import re
from typing import Any

import msgspec
from asyncpg import CharacterNotInRepertoireError, UntranslatableCharacterError
from headgate_sdk.errors import HeadgateError, Invalid, InvalidFields
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, ValidationException
from litestar.types import ExceptionHandlersMap, Receive, Scope, Send

from headgate_kernel.observe.current import current_request_id
from headgate_kernel.web.rendering import Reader
from headgate_kernel.web.state import state_of, wants_json
from headgate_kernel.web.ways_on import way_on

log = logging.getLogger(__name__)
AnyRequest = Request[Any, Any, Any]

TITLES = {
    400: N_("This request cannot be understood"),
    401: N_("Please sign in"),
    402: N_("Beyond the plan"),
    403: N_("Not allowed"),
    404: N_("There is nothing here"),
    409: N_("Something has changed"),
    413: N_("Too large"),
    422: N_("Something needs to be corrected"),
    429: N_("Too many requests"),
    503: N_("Not available just now"),
}

WORDS = {
    400: N_("The request cannot be understood. Go back and try again."),
    404: N_(
        "This page does not exist, or is not open to you. Check the address, or start from the home page."
    ),
    413: N_("What you sent is too large. Please send less at once."),
}


class Problem(msgspec.Struct, omit_defaults=True):
    """An error of the JSON API.

    Args:
        code: stable, for programs.
        message: for people, in the caller's language.
        field: which input is wrong.
        row: which row, from one.
        problems: each of several.
        reference: to quote when asking for help.
    """

    code: str
    message: str
    field: str = ""
    row: int | None = None
    problems: list["Problem"] = []
    reference: str = ""


def exception_handlers() -> ExceptionHandlersMap:
    """Give the application's exception handlers."""
    return {
        HeadgateError: _headgate_error,
        HTTPException: _http_error,
        CharacterNotInRepertoireError: _null_character,
        UntranslatableCharacterError: _null_character,
        Exception: _unexpected,
    }


async def send_problem(error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer an error for which the framework's own way is closed, because it holds the answer for begun."""
    request: AnyRequest = Request(scope, receive, send)
    handlers = exception_handlers()
    handler = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
    response: Response[Any] = handler(request, error)
    await response.to_asgi_response(app=None, request=request)(scope, receive, send)


def _headgate_error(request: AnyRequest, error: HeadgateError) -> Response[Any]:
    if error.status >= 500:
        log.warning("%s: %s", error.code, error)
    if (way := way_on(request, error)) is not None:
        return way
    answer = _answer(request, error.status, _problem(request, error))
    if seconds := getattr(error, "retry_after", 0):
        answer.headers["retry-after"] = str(seconds)
    return answer


def _http_error(request: AnyRequest, error: HTTPException) -> Response[Any]:
    status = error.status_code
    if status >= 500:
        return _unexpected(request, error)
    if isinstance(error, ValidationException):
        return _answer(request, 422, _validation_problem(request, error))
    if isinstance(error, MethodNotAllowedException):
        status = 404  # found out before the gate: it must not tell of a route that is closed here
    words = _translate(request, WORDS.get(status, error.detail))
    return _answer(request, status, Problem(code=f"http_{status}", message=words), forget=status == 404)


def _null_character(request: AnyRequest, _: Exception) -> Response[Any]:
    """Tell of the one character that PostgreSQL keeps in no text; no input needs to look for it then."""
    return _headgate_error(
        request, Invalid(N_("The text holds a null character. Take it out and try again."))
    )


def _unexpected(request: AnyRequest, error: Exception) -> Response[Any]:
    reference = current_request_id()[-12:] or new_id().hex[-12:]
    log.error(
        "request %s %s failed (reference %s)", request.method, request.url.path, reference, exc_info=error
    )
    words = _translate(
        request, N_("Something broke on our side and was recorded as {reference}. Please try again.")
    )
    return _answer(request, 500, Problem("internal", words.format(reference=reference), reference=reference))


def _problem(request: AnyRequest, error: HeadgateError) -> Problem:
    words = _translate(request, error.message)
    parts = getattr(error, "problems", ())
    return Problem(
        code=error.code,
        message=error.fill(words),
        field=error.field,
        row=error.row,
        problems=[_problem(request, part) for part in parts]
        if isinstance(error, InvalidFields) or parts
        else [],
    )


def _validation_problem(request: AnyRequest, error: ValidationException) -> Problem:
    extra = error.extra if isinstance(error.extra, list) else []
    problems = [
        Problem("invalid", str(item.get("message", "")), field=_sent_name(request, str(item.get("key", ""))))
        for item in extra
        if isinstance(item, dict)
    ]
    if not problems and (lacking := _LACKING.match(error.detail)):
        problems = [Problem("invalid", _translate(request, N_("This is missing.")), field=lacking["name"])]
    words = _translate(request, N_("Please correct what is marked."))
    return Problem("invalid", words, field=problems[0].field if problems else "", problems=problems)


_LACKING = re.compile(r"Missing required \w+ parameter '(?P<name>[^']+)'")
"""The framework tells of a header or query parameter that was not sent in words only."""


def _sent_name(request: AnyRequest, name: str) -> str:
    """Give the name under which a parameter is sent, such as `Idempotency-Key`, for that of the argument."""
    argument = request.route_handler.parsed_fn_signature.parameters.get(name)
    described = argument.kwarg_definition if argument is not None else None
    return getattr(described, "name", None) or name


def _answer(request: AnyRequest, status: int, problem: Problem, *, forget: bool = False) -> Response[Any]:
    """Answer in the caller's form; `forget` hides whether a tenant or plugin stood behind the address."""
    if wants_json(request):
        return Response(problem, status_code=status, media_type=MediaType.JSON)
    state = None if forget else state_of(request.scope)
    kernel = request.app.state.kernel
    locale = _locale(request)
    reader = state.reader() if state else Reader(None, None, locale)
    template = "_problem.html" if request.headers.get("hx-request") else "problem.html"
    text = kernel.renderer.text(
        template, locale, {"ctx": reader, "nav": [], "problem": problem, "title": TITLES.get(status, "")}
    )
    return Response(text, status_code=status, media_type=MediaType.HTML)


def _translate(request: AnyRequest, text: str) -> str:
    translated: str = request.app.state.kernel.catalogue.translate(_locale(request), text)
    return translated


def _locale(request: AnyRequest) -> str:
    state = state_of(request.scope)
    if state is not None:
        return state.locale
    chosen = request.cookies.get("headgate_locale", "")
    if chosen in {"zh_CN", "en"}:
        return chosen
    return request.app.state.kernel.catalogue.choose(request.headers.get("accept-language", "")) or "zh_CN"
