"""What is sent instead of JSON, and JSON as nobody should write it: told at once, and never a broken page."""

import json
from typing import Any

import httpx
import msgspec
import pytest

from .operations import DESCRIPTION, WITH_BODY, path_ids, who_may

EACH = pytest.mark.parametrize(("method", "path"), WITH_BODY, ids=[" ".join(one) for one in WITH_BODY])
JSON = "application/json"


def _fields(method: str, path: str) -> tuple[bool, dict[str, Any]]:
    """Give the fields of a body by name, and whether it is a list of such."""
    content = DESCRIPTION["paths"][path][method.lower()]["requestBody"]["content"][JSON]["schema"]
    listed = content.get("type") == "array"
    name = (content["items"] if listed else content)["$ref"].rpartition("/")[2]
    return listed, DESCRIPTION["components"]["schemas"][name]["properties"]


def _body(method: str, path: str, value: str) -> str:
    """Write a body in which every field has this JSON value."""
    listed, fields = _fields(method, path)
    text = "{" + ", ".join(f"{json.dumps(name)}: {value}" for name in fields) + "}"
    return f"[{text}]" if listed else text


VALUES = {
    "null character": r'"a\u0000b"', "lone surrogate": r'"\ud800"', "right to left": r'"\u202ekcab"',
    "huge integer": "9" * 400, "huge exponent": "1e999", "tiny": "1e-999", "negative": "-1",
    "more than 64 bits": str(2**64), "long text": json.dumps("x" * 100_000),
    "long digits": json.dumps("9" * 5_000),
    "emoji": '"\\ud83d\\ude00"', "nothing": "null", "nested": "[" * 500 + "]" * 500,
    "a list of much": json.dumps(list(range(20_000))), "an object": '{"a": {"b": 1}}',
    "not a number": '"NaN"', "infinite": '"Infinity"', "a date": '"9999-12-31T23:59:59Z"',
    "a year of long ago": '"0001-01-01T00:00:00+14:00"',
}  # fmt: skip

BODIES = {
    "nothing": b"", "not JSON": b"{", "two documents": b"{} {}", "bytes": b"\xff\xfe\x00", "a word": b"hello",
    "NaN": b"NaN", "a byte order mark": b"\xef\xbb\xbf{}", "null": b"null", "a number": b"1",
    "too deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "empty": b"{}", "a list": b"[]",
    "a list of lists": b"[[]]", "unknown field": b'{"nonsense": 1}',
}  # fmt: skip

TYPES = (
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
    "multipart/form-data; boundary=x", "application/xml", "application/json; charset=utf-16",
    "application/msgpack", "nonsense", "",
)  # fmt: skip


@pytest.fixture
async def ask(api, api_shop, ids, token_of):
    """Ask an operation as somebody who may."""
    tokens = {role: await token_of(role) for role in ("owner", "buyer")}
    with httpx.Client(base_url=f"http://127.0.0.1:{api.port}", timeout=30) as client:

        def asked(method: str, path: str, body: bytes | str, kind: str = JSON) -> httpx.Response:
            headers = {
                "host": f"{api_shop.tenant.info.slug}.localhost",
                "authorization": f"Bearer {tokens[who_may(path)]}", "idempotency-key": "odd-bodies-1",
            } | ({"content-type": kind} if kind else {})  # fmt: skip
            return client.request(method, path.format_map(path_ids(path, ids)), content=body, headers=headers)

        yield asked


def _check(answer: httpx.Response, what: str) -> None:
    assert answer.status_code < 500, f"{what}: {answer.status_code} {answer.text[:500]}"
    assert "Traceback" not in answer.text, what
    if answer.status_code >= 400:
        problem = answer.json()
        assert problem["code"], what
        assert problem["message"], what
        if answer.status_code == 422:
            assert problem["message"] != "Unprocessable Entity", what


@EACH
async def test_each_field_may_hold_anything(ask, method, path):
    for what, value in VALUES.items():
        _check(ask(method, path, _body(method, path, value)), what)


@EACH
async def test_each_body_may_be_anything(ask, method, path):
    for what, body in BODIES.items():
        _check(ask(method, path, body), what)


@EACH
async def test_another_kind_of_content_is_no_json(ask, method, path):
    for kind in TYPES:
        for body in (b"{}", b"a=1", b"--x--", b"\x80"):
            _check(ask(method, path, body, kind), f"{kind!r} {body!r}")


@EACH
async def test_fields_that_nobody_knows_are_refused(ask, method, path):
    listed, _ = _fields(method, path)
    body: Any = {"nonsense": 1}
    answer = ask(method, path, msgspec.json.encode([body] if listed else body))
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["message"]


@EACH
async def test_a_field_that_is_given_twice_breaks_nothing(ask, method, path):
    listed, fields = _fields(method, path)
    twice = ", ".join(f'"{name}": "a", "{name}": "b"' for name in fields)
    _check(ask(method, path, f"[{{{twice}}}]" if listed else f"{{{twice}}}"), "twice")
