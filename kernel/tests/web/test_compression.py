"""Answers are compressed for those who say that they take it."""

import pytest


@pytest.mark.parametrize(("accepted", "encoding"), [("br, gzip", "gzip"), ("identity", None), ("", None)])
async def test_a_long_answer_is_compressed_for_those_who_take_gzip(client_for, tenant, accepted, encoding):
    client = await client_for(tenant, "")
    response = await client.get("/api/v1/openapi.json", headers={"accept-encoding": accepted})
    assert response.json()["openapi"]
    assert response.headers.get("content-encoding") == encoding
    assert ("Accept-Encoding" in response.headers.get("vary", "")) == (encoding is not None)
