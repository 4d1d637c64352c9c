"""Errors as they reach people and programs."""

import logging

import pytest


async def test_a_program_is_told_code_field_and_row(client_for, tenant):
    answer = await (await client_for(tenant, "writer")).post("/api/v1/sample/notes", json={"text": "refused"})
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json() == {
        "code": "invalid", "message": "The note refused is refused.", "field": "text", "row": 3,
    }  # fmt: skip


async def test_a_person_is_told_on_a_page(client_for, tenant):
    answer = await (await client_for(tenant, "writer")).post("/sample/notes", data={"text": "refused"})
    assert answer.status_code == 422
    assert "<html" in answer.text
    assert "The note refused is refused." in answer.text
    assert tenant.info.name in answer.text


async def test_a_part_of_a_page_gets_a_part(client_for, tenant):
    answer = await (await client_for(tenant, "writer")).post(
        "/sample/notes", data={"text": "refused"}, headers={"hx-request": "true"}
    )
    assert answer.status_code == 422
    assert answer.text.lstrip().startswith("<p")
    assert "data-error-text" in answer.text


async def test_errors_speak_the_readers_language(client_for, tenant):
    client = await client_for(tenant, "writer")
    client.cookies.set("headgate_locale", "zh_CN")
    answer = await client.post("/api/v1/sample/notes", json={"text": "refused"})
    assert answer.json()["message"] == "便条“refused”不被接受。"


@pytest.mark.parametrize("path", ["/sample/notes", "/api/v1/sample/notes"])
async def test_an_unexpected_error_gives_a_reference_and_no_insight(client_for, tenant, path, caplog):
    client = await client_for(tenant, "writer")
    send = {"json": {"text": "crash"}} if path.startswith("/api") else {"data": {"text": "crash"}}
    with caplog.at_level(logging.ERROR, logger="headgate_kernel.web.problems"):
        answer = await client.post(path, **send)
    assert answer.status_code == 500
    for secret in ("secret-inner-detail", "Traceback", "RuntimeError", "sample_note", ".py"):
        assert secret not in answer.text
    record = next(r for r in caplog.records if r.name == "headgate_kernel.web.problems")
    reference = record.args[-1]
    assert len(reference) == 12
    assert reference in answer.text
    assert "secret-inner-detail" in caplog.text


async def test_a_wrong_body_names_its_field(client_for, tenant):
    client = await client_for(tenant, "writer")
    answer = await client.post("/api/v1/sample/notes", json={"text": 5})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"
    assert answer.json()["field"] == "text"
    missing = await client.post("/api/v1/sample/notes", json={})
    assert missing.status_code == 422
    assert "text" in missing.text


async def test_a_body_that_is_no_json_is_told_in_words(client_for, tenant):
    client = await client_for(tenant, "writer")
    answer = await client.post(
        "/api/v1/sample/notes", content=b"{", headers={"content-type": "application/json"}
    )
    assert answer.status_code in {400, 422}
    assert answer.json()["code"]
    assert "Traceback" not in answer.text


async def test_an_unknown_address_is_a_page_for_people_and_json_for_programs(client_for, tenant):
    client = await client_for(tenant)
    page = await client.get("/nowhere", headers={"accept-language": "en"})
    assert page.status_code == 404
    assert "There is nothing here" in page.text
    api = await client.get("/api/v1/nowhere", headers={"accept-language": "en"})
    assert api.json()["code"] == "http_404"


async def test_markup_in_what_a_person_typed_stays_text(client_for, tenant):
    client = await client_for(tenant, "writer")
    await client.post("/sample/notes", data={"text": "<script>alert(1)</script>"})
    page = await client.get("/sample/notes")
    assert "<script>alert(1)" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
