"""Every request has an id and strict headers, is counted, and can be traced."""

import asyncio
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import ClassVar

import msgspec
import pytest
from headgate_kernel.app import create_app
from headgate_kernel.observe.traffic import KEPT, Traffic, forget_old_traffic, served
from headgate_sdk.testing.application import running


@pytest.fixture
async def monitored(kernel):
    """An application whose metrics may be read with a token."""
    settings = msgspec.structs.replace(kernel.settings, metrics_token="for prometheus")
    before, kernel.settings = kernel.settings, settings
    async with running(create_app(settings, kernel=kernel)) as application:
        yield application
    kernel.settings = before


async def test_every_answer_tells_its_request_id(client_for, tenant):
    client = await client_for(tenant)
    ids = [(await client.get(path)).headers["x-request-id"] for path in ("/sign-in", "/none", "/sign-in")]
    assert len(set(ids)) == 3
    kept = await client.get("/none", headers={"x-request-id": "from-the-proxy-1"})
    assert kept.headers["x-request-id"] == "from-the-proxy-1"


@pytest.mark.parametrize("path", ["/sign-in", "/none", "/api/v1/me", "/health/live"])
async def test_browsers_are_told_to_be_strict_everywhere(client_for, tenant, path):
    headers = (await (await client_for(tenant)).get(path)).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" not in headers  # not on localhost, which has no TLS


async def test_tls_is_insisted_on_where_there_is_a_real_domain(kernel):
    settings = msgspec.structs.replace(kernel.settings, domain="shop.example", secure_cookies=True)
    async with running(create_app(settings, kernel=kernel)) as application:
        import httpx

        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="https://console.shop.example") as client:
            headers = (await client.get("/sign-in")).headers
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert "form-action 'self' https://*.shop.example;" in headers["content-security-policy"]


async def test_pages_are_nobodys_to_keep_and_files_everybodys(client_for, tenant):
    client = await client_for(tenant, "owner")
    assert (await client.get("/settings/people")).headers["cache-control"] == "private, no-cache"


async def test_metrics_are_there_for_who_has_the_token(monitored, browse_app):
    client = browse_app(monitored, "console.localhost")
    await client.get("/sign-in")
    token = {"authorization": "Bearer for prometheus"}
    answer = await client.get("/metrics", headers=token)
    assert answer.status_code == 200
    assert 'headgate_request_seconds_count{method="GET",route="/sign-in",status="200"} 1.0' in answer.text
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic for prometheus"}):
        assert (await client.get("/metrics", headers=headers)).status_code == 404


async def test_without_a_token_nobody_reads_metrics(browse):
    assert (
        await browse("console.localhost").get("/metrics", headers={"authorization": "Bearer "})
    ).status_code == 404


async def test_a_tenants_requests_are_written_down_by_the_minute(kernel, new_tenant):
    one, two = (await new_tenant()).info.id, (await new_tenant()).info.id
    now = kernel.clock.now()
    traffic, elsewhere = Traffic(), Traffic()
    for _ in range(19):
        traffic.count(one, 0.004, failed=False)
    elsewhere.count(one, 0.3, failed=True)
    elsewhere.count(two, 7.0, failed=False)
    async with kernel.databases.platform_scope() as db:
        for worker in (traffic, elsewhere, traffic):  # flushed twice: counted once
            await worker.flush(db, now)
        found = await served(db, [one, two, 999_999], since=now - timedelta(minutes=15))
        assert (found[one].requests, found[one].errors, found[one].p95_ms) == (20, 1, 5)
        assert (found[two].requests, found[two].p95_ms) == (1, 10_000)
        assert set(found) == {one, two}
        await forget_old_traffic(db, now + KEPT + timedelta(minutes=2))
        assert await served(db, [one, two], since=now - timedelta(minutes=15)) == {}


class Collector(BaseHTTPRequestHandler):
    """Takes what an OTLP exporter sends."""

    bodies: ClassVar[list[bytes]] = []

    def do_POST(self):
        self.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


async def test_spans_of_requests_and_statements_reach_a_collector(kernel, tenant, monkeypatch, browse_app):
    server = HTTPServer(("127.0.0.1", 0), Collector)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    try:
        async with running(create_app(kernel.settings, kernel=kernel)) as application:
            client = browse_app(application, f"{tenant.info.slug}.localhost")
            trace_id = "0af7651916cd43dd8448eb211c80319c"
            await client.get("/sign-in", headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"})
            await client.get("/health")
            await asyncio.sleep(0)
    finally:
        kernel.databases.app.on_statement = kernel.databases.platform.on_statement = None
        await asyncio.to_thread(server.shutdown)
        server.server_close()
    sent = b"".join(Collector.bodies)
    assert b"GET /sign-in" in sent
    assert bytes.fromhex(trace_id) in sent
    assert tenant.info.slug.encode() in sent
    assert b"SELECT 1" in sent
