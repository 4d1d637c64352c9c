"""Secrets stay out of logs, by name, by type and by look."""

import logging

import msgspec
import pytest
from headgate_kernel.observe.current import RequestNote, current_request, request_id_from
from headgate_kernel.observe.logs import add_request, configure_logging, hide_secrets
from headgate_kernel.observe.redaction import HIDDEN, redact, redact_text


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "passwd", "client_secret", "token", "access_token", "Authorization",
     "cookie", "api_key", "code", "phone_code", "otp", "recovery_codes", "session", "private_key"],
)  # fmt: skip
def test_what_is_named_like_a_secret_is_hidden(name):
    assert redact("open sesame", name) == HIDDEN


@pytest.mark.parametrize("name", ["status_code", "error_code", "barcode", "name", "passenger", "sku"])
def test_other_names_are_told(name):
    assert redact("4006381333931", name) == "4006381333931"


@pytest.mark.parametrize(
    ("text", "kept", "gone"),
    [
        ("asked with hgt_0123456789abcdef", "asked with hgt_", "0123456789abcdef"),
        ("Authorization: Bearer abc.def-ghi123", "Bearer ", "abc.def-ghi123"),
        ("cannot reach postgresql://admin:s3cr%2Ft@db.example/x", "postgresql://admin:", "s3cr%2Ft"),
        ("GET /x?token=deadbeef&page=2", "page=2", "deadbeef"),
        ("GET /invitation/Zm9vYmFyYmF6cXV4cXV1eA", "/invitation/", "Zm9vYmFyYmF6cXV4cXV1eA"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text, kept, gone):
    told = redact_text(text)
    assert kept in told
    assert gone not in told
    assert HIDDEN in told


def test_nested_values_are_gone_through():
    line = {"user": {"name": "Li", "password": "x", "tries": [{"otp": "123456"}]}, "content": b"12345"}
    assert redact(line) == {
        "user": {"name": "Li", "password": HIDDEN, "tries": [{"otp": HIDDEN}]},
        "content": "[5 bytes]",
    }


def test_a_log_line_is_one_json_object_with_request_and_tenant_and_no_secret(capsys):
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    note = RequestNote("0123456789abcdef")
    note.tenant = "acme"
    token = current_request.set(note)
    try:
        configure_logging("json", "INFO")
        logging.getLogger("headgate.test").warning(
            "stopped at %s", "step 2", extra={"password": "open sesame"}
        )
        line = msgspec.json.decode(capsys.readouterr().err)
    finally:
        current_request.reset(token)
        for handler in root.handlers[:]:
            root.removeHandler(handler)
        for handler in handlers:
            root.addHandler(handler)
        root.setLevel(level)
    assert line["event"] == "stopped at step 2"
    assert (line["tenant"], line["request_id"], line["level"]) == ("acme", "0123456789abcdef", "warning")
    assert line["password"] == HIDDEN


def test_lines_outside_of_requests_have_no_request():
    assert add_request(None, "", {"event": "x"}) == {"event": "x"}
    assert hide_secrets(None, "", {"event": "x", "secret": "y"}) == {"event": "x", "secret": HIDDEN}


@pytest.mark.parametrize("sent", ["", "short", "x" * 65, "with space here", "line\nbreak12", "äöüäöüäö"])
def test_an_id_that_does_not_belong_into_a_log_is_replaced(sent):
    assert request_id_from(sent) != sent
    assert len(request_id_from(sent)) == 32


def test_a_proxys_id_is_kept():
    assert request_id_from("req-2026.11_22abc") == "req-2026.11_22abc"
