"""How each route of the application is asked something real: its ids by kind, its query and body.

A route that stands in no entry here fails the suite, so that a new one cannot be forgotten. Each entry must
succeed for those whose work it is, with their own ids; else the refusals elsewhere would say nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from tests.shop import png

Kinds = Mapping[str, str]
Fill = Callable[[Kinds], Any]

PATH_KINDS = {
    "sku_id": "sku", "attribute_id": "attribute", "customer_id": "customer", "order_id": "order",
    "list_id": "price list",
    "file_id": "picture", "passkey_id": "passkey", "link_id": "sso link",
    "member_id": "member", "role_id": "role", "token_id": "token",
    "impersonation_id": "impersonation", "slug": "tenant", "membership_id": "=" + str(uuid4()),
}  # fmt: skip
"""What the parameters of paths stand for, unless an entry says otherwise."""

FLOW_STEPS = [
    "trade.sales_approval",
    "trade.finance_approval",
    "trade.outbound",
    "trade.ship",
    "trade.receive",
]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One way to ask a route.

    Args:
        by: role of those whose work it is; empty is nobody.
        path: kinds of the parameters that are not as `PATH_KINDS` says, or `=value`.
        query: gives the query.
        json: gives the body as JSON.
        form: gives the body as a form; a list of values is a field sent several times.
        files: gives uploads.
        headers: gives headers.
        host: where, if not at the distributor's.
        answers: what its own people get, if not below 400.
    """

    by: str = "owner"
    path: Mapping[str, str] = {}
    query: Fill | None = None
    json: Fill | None = None
    form: Fill | None = None
    files: Fill | None = None
    headers: Fill | None = None
    host: str = ""
    answers: int = 0


class Recorder(Mapping[str, str]):
    """Ids by kind, which remembers which kinds were asked for."""

    def __init__(self, ids: Kinds) -> None:
        self._ids = ids
        self.used: set[str] = set()

    def __getitem__(self, kind: str) -> str:
        self.used.add(kind)
        return self._ids[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


def request_of(method: str, path: str, call: Call, ids: Kinds) -> dict[str, Any]:
    """Give what httpx sends."""
    sent: dict[str, Any] = {"method": method, "url": _url(path, call, ids)}
    for name, fill in (
        ("params", call.query), ("json", call.json), ("data", call.form), ("files", call.files),
        ("headers", call.headers),
    ):  # fmt: skip
        if fill is not None:
            sent[name] = fill(ids)
    return sent


def kinds_of(path: str, call: Call, ids: Kinds) -> list[str]:
    """Tell which kinds of ids a call sends."""
    recorder = Recorder(ids)
    request_of("GET", path, call, recorder)
    return sorted(recorder.used)


def _url(path: str, call: Call, ids: Kinds) -> str:
    parts = []
    for part in path.split("/"):
        if part.startswith("{"):
            name = part.strip("{}")
            kind = call.path.get(name) or PATH_KINDS[name]
            parts.append(kind[1:] if kind.startswith("=") else ids[kind])
        else:
            parts.append(part)
    return "/".join(parts)


def _key(_: Kinds) -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def _sku(_: Kinds) -> dict[str, Any]:
    code = f"W-{uuid4().hex[:8]}"
    return {"code": code, "name": "Washer", "category": "Rings", "base_unit": "个", "base_price": "0.02"}


def _sku_form(ids: Kinds) -> dict[str, Any]:
    return _sku(ids) | {"stocked": "on"}


def _customer_form(_: Kinds) -> dict[str, str]:
    return {"code": f"N-{uuid4().hex[:8]}", "name": "New shop"}


def _provider(_: Kinds) -> dict[str, str]:
    return {"sso": "off", "name": "Id", "issuer": "https://127.0.0.1", "client_id": "headgate"}


def _person(_: Kinds) -> dict[str, str]:
    return {"login": f"{uuid4().hex[:10]}@new.example", "name": "New hand"}


def _soon() -> str:
    return (datetime.now(UTC) + timedelta(days=7)).isoformat()


def _of_company(by: str, path: str, fill: Fill) -> tuple[Call, ...]:
    return (Call(by=by, path={"member_id": "company member"}, **{path: fill}),)


def _picture(_: Kinds) -> dict[str, Any]:
    return {"picture": ("bolt.png", png(), "image/png")}


def _receive(path: str) -> Call:
    return Call(
        by="buyer", path={"order_id": "shipped order", "step": "=trade.receive"}, **{path: lambda _: {}}
    )


def _console(**how: Any) -> Call:
    return Call(by="operator", host="console.localhost", **how)


CONSOLE = (_console(),)


def _link(**how: Any) -> Call:
    """Follow a link that was never sent."""
    return Call(by="", path={"token": "=" + "a" * 43}, answers=404, **how)


PAGE = (Call(),)
MALL = (Call(by="buyer"),)
OTHER = {"sku_id": "other sku"}
SALES = {"step": "=trade.sales_approval"}

CALLS: dict[tuple[str, str], tuple[Call, ...]] = {
    # the kernel's own
    ("GET", "/"): PAGE,
    ("GET", "/sign-in"): (Call(by="", query=lambda _: {"next": "/desk"}),),
    ("POST", "/sign-in"): (
        Call(by="", form=lambda _: {"login": "nobody", "password": "wrong"}, answers=422),
    ),
    ("POST", "/sign-out"): PAGE,
    ("GET", "/sign-in/second-factor"): (Call(by=""),),
    ("POST", "/sign-in/second-factor"): (Call(by="", form=lambda _: {"code": "123456"}),),
    ("POST", "/api/v1/sessions/second-factor"): (
        Call(by="", json=lambda _: {"code": "123456"}, answers=401),
    ),
    ("GET", "/handoff"): (Call(by="", query=lambda _: {"code": "x"}, answers=422),),
    ("GET", "/reset"): (Call(by=""),),
    ("POST", "/reset"): (Call(by="", form=lambda _: {"login": f"{uuid4().hex}@nowhere.example"}),),
    ("GET", "/reset/{token}"): (_link(),),
    ("POST", "/reset/{token}"): (_link(form=lambda _: {"password": "ribbon lantern gravel"}),),
    ("GET", "/invitation/{token}"): (_link(),),
    ("POST", "/invitation/{token}"): (
        _link(form=lambda _: {"name": "New", "password": "ribbon lantern gravel"}),
    ),
    ("GET", "/confirm/{token}"): (_link(),),
    ("POST", "/confirm/{token}"): (_link(form=lambda _: {}),),
    ("GET", "/account"): (Call(), Call(by="buyer")),
    ("POST", "/account"): (Call(form=lambda _: {"name": "Owner", "locale": "en"}),),
    ("POST", "/account/logins"): (
        Call(form=lambda _: {"login": f"{uuid4().hex[:10]}@new.example", "old": ""}),
    ),
    ("GET", "/account/confirm"): (Call(query=lambda _: {"next": "/account"}),),
    ("POST", "/account/confirm"): (Call(form=lambda _: {"password": "not this one"}, answers=422),),
    ("GET", "/account/password"): PAGE,
    ("POST", "/account/password"): (Call(by="clerk", form=lambda _: {"password": "ribbon lantern gravel"}),),
    ("GET", "/account/second-factor"): PAGE,
    ("GET", "/account/second-factor/setup"): PAGE,
    ("POST", "/account/second-factor/setup"): (Call(form=lambda _: {"code": "000000"}, answers=422),),
    ("POST", "/account/second-factor/codes"): (Call(answers=422),),
    ("POST", "/account/second-factor/remove"): PAGE,
    ("GET", "/account/sessions"): PAGE,
    ("POST", "/account/sessions/{session_id}/end"): (Call(path={"session_id": "own session"}),),
    ("POST", "/account/sessions/end-others"): PAGE,
    ("GET", "/api/v1/me/sessions"): PAGE,
    ("DELETE", "/api/v1/me/sessions/{session_id}"): (Call(path={"session_id": "own session"}),),
    ("DELETE", "/api/v1/me/sessions"): PAGE,
    ("POST", "/api/v1/sessions/current/confirmation"): (
        Call(json=lambda _: {"password": "not this one"}, answers=422),
    ),
    ("POST", "/locale"): (Call(by="", form=lambda _: {"locale": "en"}),),
    ("GET", "/brand.css"): (Call(by=""),),
    ("GET", "/_kit"): PAGE,
    ("GET", "/health"): (Call(by=""),),
    ("GET", "/health/live"): (Call(by=""),),
    ("GET", "/health/ready"): (Call(by=""),),
    ("GET", "/metrics"): (Call(by="", answers=404),),
    ("GET", "/static/{file_path}"): (Call(by="", path={"file_path": "asset"}),),
    ("HEAD", "/static/{file_path}"): (Call(by="", path={"file_path": "asset"}),),
    ("GET", "/files/{file_id}"): (Call(), Call(by="buyer")),
    ("POST", "/api/v1/sessions"): (
        Call(by="", json=lambda _: {"login": "nobody", "password": "wrong"}, answers=422),
    ),
    ("DELETE", "/api/v1/sessions/current"): PAGE,
    ("GET", "/api/v1/me"): PAGE,
    ("GET", "/api/v1/openapi.json"): (Call(by=""),),
    ("GET", "/console"): CONSOLE,
    ("GET", "/console/new"): CONSOLE,
    ("GET", "/console/new/slug"): (_console(query=lambda _: {"slug": "some-name"}),),
    ("POST", "/console/new"): (_console(form=lambda _: {"blueprint": "none"}, answers=422),),
    ("GET", "/console/tenants/{slug}"): CONSOLE,
    ("GET", "/console/tenants/{slug}/sample"): CONSOLE,
    ("POST", "/console/tenants/{slug}/hosts"): (_console(form=lambda _: {"host": "-"}, answers=422),),
    ("POST", "/console/tenants/{slug}/hosts/remove"): (_console(form=lambda _: {"host": "-"}, answers=422),),
    ("POST", "/console/tenants/{slug}/suspend"): (_console(form=lambda _: {"reason": ""}, answers=422),),
    ("POST", "/console/tenants/{slug}/resume"): (_console(form=lambda _: {"reason": "paid"}, answers=409),),
    ("POST", "/console/tenants/{slug}/owners/{membership_id}"): (_console(answers=404),),
    ("GET", "/console/tenants/{slug}/help"): CONSOLE,
    ("POST", "/console/tenants/{slug}/help"): (_console(form=lambda _: {"member": ""}, answers=422),),
    ("POST", "/console/tenants/{slug}/help/{impersonation_id}"): (_console(answers=403),),
    ("POST", "/console/tenants/{slug}/help/{impersonation_id}/end"): CONSOLE,
    ("GET", "/settings/checklist"): PAGE,
    ("POST", "/settings/checklist"): (Call(form=lambda _: {"state": "open"}),),
    ("GET", "/settings/logo"): PAGE,
    ("POST", "/settings/logo"): (Call(files=lambda _: {"logo": ("logo.png", png(), "image/png")}),),
    ("GET", "/settings/support"): PAGE,
    ("POST", "/settings/support"): (Call(form=lambda _: {"consent": "notice"}),),
    ("POST", "/settings/support/{impersonation_id}"): (Call(form=lambda _: {"decision": "end"}),),
    ("POST", "/support/end"): (Call(answers=403),),
    ("GET", "/settings/data"): (Call(),),
    ("GET", "/settings/data/export.zip"): (Call(),),
    ("POST", "/settings/data/erasure"): (Call(form=lambda _: {"repeated": "", "reason": ""}, answers=422),),
    ("POST", "/settings/data/erasure/withdraw"): (Call(),),
    # other ways to sign in
    ("POST", "/sign-in/passkey/options"): (Call(by=""),),
    ("POST", "/sign-in/passkey"): (Call(by="", form=lambda _: {"passkey": "{}"}, answers=422),),
    ("GET", "/sign-in/sso"): (Call(by="", answers=404),),
    ("GET", "/sign-in/sso/callback"): (Call(by="", query=lambda _: {"state": "x"}, answers=403),),
    ("GET", "/sign-in/phone"): (Call(by=""),),
    ("POST", "/sign-in/phone"): (Call(by="", form=lambda _: {"phone": "none"}, answers=422),),
    ("POST", "/sign-in/phone/code"): (Call(by="", form=lambda _: {"ticket": "x", "code": "1"}, answers=422),),
    ("POST", "/api/v1/sessions/phone-code"): (Call(by="", json=lambda _: {"phone": "none"}, answers=422),),
    ("POST", "/api/v1/sessions/phone-code/redeem"): (
        Call(by="", json=lambda _: {"ticket": "x", "code": "1"}, answers=422),
    ),
    ("POST", "/account/confirm/passkey/options"): PAGE,
    ("POST", "/account/confirm/passkey"): (Call(form=lambda _: {"passkey": "{}"}, answers=422),),
    ("GET", "/account/confirm/sso"): (Call(answers=404),),
    ("GET", "/account/passkeys"): (Call(), Call(by="buyer")),
    ("POST", "/account/passkeys/options"): PAGE,
    ("POST", "/account/passkeys"): (Call(form=lambda _: {"passkey": "{}", "name": "Laptop"}, answers=422),),
    ("POST", "/account/passkeys/{passkey_id}"): (Call(form=lambda _: {"name": "Phone"}),),
    ("POST", "/account/passkeys/{passkey_id}/remove"): PAGE,
    ("POST", "/account/sso/connect"): (Call(answers=404),),
    ("POST", "/account/sso/disconnect"): PAGE,
    ("GET", "/settings/sso"): PAGE,
    ("POST", "/settings/sso"): (Call(form=_provider),),
    ("POST", "/settings/sso/test"): (Call(form=_provider),),
    ("POST", "/settings/sso/phone"): (Call(form=lambda _: {"customers": "on"}),),
    ("POST", "/settings/sso/links/{link_id}/remove"): PAGE,
    ("GET", "/console/sso"): CONSOLE,
    ("POST", "/console/sso"): (_console(form=lambda _: {"sso": "none"}, answers=422),),
    ("POST", "/console/sso/test"): (_console(form=lambda _: {"issuer": ""}, answers=422),),
    ("POST", "/console/sso/links/{link_id}/remove"): (_console(answers=404),),
    ("GET", "/console/erasures"): CONSOLE,
    ("POST", "/console/erasures"): (_console(form=lambda _: {"slug": "none", "repeated": ""}, answers=404),),
    ("GET", "/console/jobs"): CONSOLE,
    ("GET", "/console/jobs/dead"): CONSOLE,
    ("GET", "/console/jobs/again"): CONSOLE,
    ("POST", "/console/jobs/retry"): (_console(form=lambda _: {"kind": "headgate.none"}),),
    ("POST", "/console/jobs/drop"): (_console(form=lambda _: {"kind": "headgate.none"}),),
    ("GET", "/console/messages"): CONSOLE,
    ("GET", "/settings/audit"): (
        Call(),
        Call(query=lambda i: {"q": i["word"], "since": "2026-01-01", "person": "o", "subject": "x"}),
    ),
    ("GET", "/settings/audit/export"): tuple(
        Call(query=lambda _, form=form: {"form": form}) for form in ("csv", "jsonl")
    ),
    ("GET", "/api/v1/audit"): (Call(), Call(query=lambda i: {"q": i["word"], "limit": "2"})),
    ("GET", "/console/audit"): CONSOLE,
    ("GET", "/console/audit/export"): CONSOLE,
    # people, roles, tokens
    ("GET", "/settings/people"): (Call(), Call(query=lambda i: {"role": i["role"], "q": i["word"]})),
    ("GET", "/settings/people/invite"): PAGE,
    ("POST", "/settings/people/invite"): (
        Call(form=lambda i: {"login": "?", "name": "x", "roles": i["role"]}, answers=422),
    ),
    ("GET", "/settings/people/{member_id}"): PAGE,
    ("POST", "/settings/people/{member_id}/roles"): (Call(form=lambda i: {"roles": i["role"]}),),
    ("POST", "/settings/people/{member_id}/end"): PAGE,
    ("POST", "/settings/people/{member_id}/restore"): PAGE,
    ("POST", "/settings/people/{member_id}/invitation"): PAGE,
    ("POST", "/settings/people/{member_id}/sessions/end"): (
        Call(form=lambda i: {"session": i["session"]}),
        Call(form=lambda _: {}),
    ),
    ("GET", "/settings/roles"): PAGE,
    ("GET", "/settings/roles/new"): (Call(), Call(query=lambda i: {"copy": i["role"]})),
    ("POST", "/settings/roles/new"): (
        Call(form=lambda _: {"name": uuid4().hex, "permissions": "trade.catalogue.read"}),
    ),
    ("GET", "/settings/roles/{role_id}"): PAGE,
    ("POST", "/settings/roles/{role_id}"): (Call(form=lambda _: {"name": uuid4().hex}),),
    ("POST", "/settings/roles/{role_id}/delete"): PAGE,
    ("GET", "/settings/tokens"): PAGE,
    ("GET", "/settings/tokens/new"): PAGE,
    ("POST", "/settings/tokens/new"): (
        Call(form=lambda _: {"name": "ERP", "scopes": "trade.stock.read", "days": "7"}),
    ),
    ("POST", "/settings/tokens/{token_id}/revoke"): PAGE,
    ("GET", "/switch"): (Call(), Call(by="buyer")),
    ("POST", "/switch/{slug}"): (Call(answers=404), Call(by="buyer", answers=404)),
    ("GET", "/api/v1/people"): (Call(query=lambda i: {"role_id": i["role"], "q": i["word"]}),),
    ("POST", "/api/v1/people"): (Call(json=lambda i: _person(i) | {"role_ids": [i["role"]]}),),
    ("GET", "/api/v1/people/{member_id}"): PAGE,
    ("POST", "/api/v1/people/{member_id}/invitation"): PAGE,
    ("PUT", "/api/v1/people/{member_id}/roles"): (Call(json=lambda i: {"role_ids": [i["role"]]}),),
    ("POST", "/api/v1/people/{member_id}/end"): PAGE,
    ("POST", "/api/v1/people/{member_id}/restore"): PAGE,
    ("GET", "/api/v1/people/{member_id}/sessions"): PAGE,
    ("POST", "/api/v1/people/{member_id}/sessions/end"): PAGE,
    ("GET", "/api/v1/permissions"): PAGE,
    ("GET", "/api/v1/roles"): PAGE,
    ("POST", "/api/v1/roles"): (Call(json=lambda _: {"name": uuid4().hex, "permissions": []}),),
    ("PUT", "/api/v1/roles/{role_id}"): (Call(json=lambda _: {"name": uuid4().hex, "permissions": []}),),
    ("DELETE", "/api/v1/roles/{role_id}"): PAGE,
    ("GET", "/api/v1/tokens"): PAGE,
    ("POST", "/api/v1/tokens"): (
        Call(json=lambda _: {"name": "ERP", "scopes": ["trade.stock.read"], "expires_at": _soon()}),
    ),
    ("DELETE", "/api/v1/tokens/{token_id}"): PAGE,
    ("GET", "/settings/plan"): PAGE,
    ("GET", "/console/plans"): CONSOLE,
    ("GET", "/console/plans/{slug}"): (_console(answers=404),),  # there are no plans here
    ("POST", "/console/plans/{slug}"): (_console(form=lambda _: {"plan": "none"}, answers=404),),
    ("GET", "/settings/plugins"): PAGE,
    ("GET", "/settings/plugins/{plugin}"): (Call(path={"plugin": "=mall"}),),
    ("GET", "/settings/plugins/{plugin}/settings"): (Call(path={"plugin": "=trade"}),),
    ("POST", "/settings/plugins/{plugin}/settings"): (
        Call(path={"plugin": "=trade"}, form=lambda _: {"stock_display": "band", "few": "12"}),
    ),
    ("POST", "/settings/plugins/{plugin}"): (Call(path={"plugin": "=mall"}, form=lambda _: {"state": "on"}),),
    ("GET", "/settings/flow"): PAGE,
    ("POST", "/settings/flow"): (Call(form=lambda _: {"steps": FLOW_STEPS, "base_version": "1"}),),
    ("POST", "/settings/flow/draft"): (Call(form=lambda _: {"steps": FLOW_STEPS[:2], "base_version": "1"}),),
    ("POST", "/settings/flow/versions/{version}"): (Call(path={"version": "=1"}),),
    # pages of trade
    ("GET", "/desk"): PAGE,
    ("GET", "/desk/inbox"): (Call(query=lambda _: {"step": "trade.sales_approval"}),),
    ("POST", "/desk/inbox"): (
        Call(form=lambda i: {"pick": f"{i['order']}/trade.sales_approval", "decision": "done"}),
        Call(
            form=lambda i: {"pick": f"{i['order']}/trade.sales_approval", "decision": "reject", "note": "no"}
        ),
    ),
    ("GET", "/desk/orders"): (Call(), Call(query=lambda i: {"q": i["word"]})),
    ("GET", "/desk/orders/{order_id}"): PAGE,
    ("POST", "/desk/orders/{order_id}/step"): (
        Call(form=lambda _: {"step": "trade.sales_approval", "decision": "done"}),
    ),
    ("POST", "/desk/orders/{order_id}/cancel"): (Call(form=lambda _: {"reason": "ordered twice"}),),
    ("GET", "/desk/products"): (
        Call(query=lambda i: {"category": i["category"]}),
        Call(query=lambda i: {"q": i["sku code"]}),
    ),
    ("GET", "/desk/products/new"): PAGE,
    ("POST", "/desk/products/new"): (Call(form=_sku_form),),
    ("GET", "/desk/products/{sku_id}"): PAGE,
    ("POST", "/desk/products/{sku_id}"): (Call(path=OTHER, form=_sku_form),),
    ("POST", "/desk/products/{sku_id}/picture"): (Call(files=_picture),),
    ("POST", "/desk/products/{sku_id}/status"): (Call(path=OTHER, form=lambda _: {"status": "stopped"}),),
    ("GET", "/desk/customers"): (Call(), Call(query=lambda i: {"q": i["customer code"]})),
    ("GET", "/desk/customers/new"): PAGE,
    ("POST", "/desk/customers/new"): (Call(form=_customer_form),),
    ("GET", "/desk/customers/{customer_id}"): PAGE,
    ("POST", "/desk/customers/{customer_id}"): (Call(form=_customer_form),),
    ("POST", "/desk/customers/{customer_id}/people"): (
        Call(form=lambda i: {"login": _person(i)["login"], "person": "New hand", "role": "buyer"}),
    ),
    ("POST", "/desk/customers/{customer_id}/people/{member_id}/role"): _of_company(
        "owner", "form", lambda _: {"role": "finance"}
    ),
    ("POST", "/desk/customers/{customer_id}/people/{member_id}/invitation"): _of_company(
        "owner", "form", lambda _: {}
    ),
    ("POST", "/desk/customers/{customer_id}/people/{member_id}/end"): _of_company(
        "owner", "form", lambda _: {}
    ),
    ("POST", "/desk/customers/{customer_id}/prices"): (
        Call(form=lambda i: {"sku_code": i["sku code"], "unit": "盒", "price": "15"}),
    ),
    ("POST", "/desk/customers/{customer_id}/prices/remove"): (
        Call(form=lambda i: {"sku_id": i["sku"], "unit": "盒"}),
    ),
    ("GET", "/desk/attributes"): (Call(), Call(query=lambda i: {"category": i["category"]})),
    ("POST", "/desk/attributes"): (
        Call(form=lambda i: {"category": i["category"], "key": "weight", "name": "Weight", "type": "number"}),
    ),
    ("POST", "/desk/attributes/{attribute_id}/remove"): PAGE,
    ("GET", "/desk/prices"): PAGE,
    ("GET", "/desk/prices/{list_id}"): (Call(), Call(query=lambda i: {"q": i["sku code"]})),
    ("POST", "/desk/prices/{list_id}"): (
        Call(form=lambda i: {"code": i["sku code"], "unit": "盒", "price": "15.2"}),
    ),
    ("POST", "/desk/prices/{list_id}/item"): (
        Call(form=lambda i: {"sku_id": i["sku"], "unit": "盒", "price": "15.1"}),
        Call(form=lambda i: {"sku_id": i["sku"], "unit": "盒", "price": ""}),
    ),
    ("GET", "/desk/stock"): (Call(query=lambda i: {"q": i["sku code"]}),),
    ("GET", "/desk/stock/{sku_id}"): PAGE,
    ("POST", "/desk/stock/{sku_id}"): tuple(
        Call(form=lambda _, kind=kind, n=n: {"kind": kind, "quantity": n, "unit": "个", "reason": "found"})
        for kind, n in (("receipt", "3"), ("correction", "-3"), ("count", "900000"))
    ),
    ("GET", "/desk/accounts"): PAGE,
    ("GET", "/desk/accounts/{customer_id}"): PAGE,
    ("GET", "/desk/imports"): PAGE,
    ("POST", "/desk/imports"): (
        Call(
            form=lambda _: {"kind": "customers"},
            files=lambda _: {"file": ("new.csv", b"code,name\nNEW1,New\n", "text/csv")},
        ),
    ),
    ("POST", "/desk/imports/{file_id}"): (Call(path={"file_id": "import file"}),),
    ("POST", "/desk/imports/{file_id}/refused"): (Call(path={"file_id": "import file"}),),
    # JSON of trade
    ("GET", "/api/v1/categories"): PAGE,
    ("GET", "/api/v1/skus"): (
        Call(query=lambda i: {"category_id": i["category"], "include_stopped": "true"}),
        Call(query=lambda i: {"q": i["sku code"]}),
        Call(query=lambda i: {"q": i["word"]}),
    ),
    ("GET", "/api/v1/skus/{sku_id}"): PAGE,
    ("PUT", "/api/v1/skus"): (Call(json=lambda i: [_sku(i)]),),
    ("POST", "/api/v1/skus/{sku_id}/stop"): (Call(path=OTHER),),
    ("POST", "/api/v1/skus/{sku_id}/activate"): (Call(path=OTHER),),
    ("GET", "/api/v1/customers"): (Call(query=lambda i: {"q": i["customer code"]}),),
    ("PUT", "/api/v1/customers"): (Call(json=lambda _: [_customer_form({})]),),
    ("GET", "/api/v1/customers/{customer_id}"): PAGE,
    ("PUT", "/api/v1/customers/{customer_id}/prices"): (
        Call(json=lambda i: [{"sku_id": i["sku"], "unit": "盒", "price": "14"}]),
        Call(json=lambda i: [{"sku_id": i["sku"], "unit": "盒", "price": None}]),
    ),
    ("GET", "/api/v1/customers/{customer_id}/people"): PAGE,
    ("POST", "/api/v1/customers/{customer_id}/people"): (
        Call(json=lambda i: _person(i) | {"role": "buyer"}),
    ),
    ("POST", "/api/v1/customers/{customer_id}/people/{member_id}/invitation"): _of_company(
        "owner", "json", lambda _: {}
    ),
    ("PUT", "/api/v1/customers/{customer_id}/people/{member_id}/role"): _of_company(
        "owner", "json", lambda _: {"role": "finance"}
    ),
    ("POST", "/api/v1/customers/{customer_id}/people/{member_id}/end"): _of_company(
        "owner", "json", lambda _: {}
    ),
    ("POST", "/api/v1/prices"): (
        Call(json=lambda i: {"customer_id": i["customer"], "lines": [{"sku_id": i["sku"], "unit": "盒"}]}),
    ),
    ("GET", "/api/v1/accounts/{customer_id}"): PAGE,
    ("POST", "/api/v1/accounts/{customer_id}/credit-notes"): (
        Call(json=lambda _: {"amount": "1.00", "number": "G-1", "id": str(uuid4())}),
    ),
    ("GET", "/api/v1/orders"): (
        Call(query=lambda i: {"customer_id": i["customer"]}),
        Call(query=lambda i: {"q": i["word"]}),
    ),
    ("GET", "/api/v1/orders/inbox"): PAGE,
    ("POST", "/api/v1/orders"): (
        Call(
            headers=_key,
            json=lambda i: {
                "customer_id": i["customer"],
                "lines": [{"sku_id": i["sku"], "unit": "盒", "quantity": "1"}],
            },
        ),
    ),
    ("GET", "/api/v1/orders/{order_id}"): PAGE,
    ("POST", "/api/v1/orders/{order_id}/steps/{step}"): (
        Call(path=SALES, json=lambda _: {"decision": "done"}),
    ),
    ("POST", "/api/v1/orders/{order_id}/cancel"): (Call(json=lambda _: {"reason": "ordered twice"}),),
    ("GET", "/api/v1/stock"): (Call(query=lambda i: {"sku_id": i["sku"]}),),
    ("POST", "/api/v1/stock/deliveries"): (
        Call(json=lambda i: {"document_id": str(uuid4()), "rows": [{"sku_id": i["sku"], "quantity": 5}]}),
    ),
    ("POST", "/api/v1/stock/counts"): (
        Call(json=lambda i: {"document_id": str(uuid4()), "rows": [{"sku_id": i["sku"], "quantity": -5}]}),
        Call(json=lambda i: {"document_id": str(uuid4()), "rows": [{"sku_id": i["sku"], "quantity": 5}]}),
    ),
    # pages of mall
    ("GET", "/mall"): MALL,
    ("GET", "/mall/catalogue"): (
        Call(by="buyer", query=lambda i: {"category": i["category"]}),
        Call(by="buyer", query=lambda i: {"q": i["sku code"]}),
    ),
    ("GET", "/mall/sku/{sku_id}"): MALL,
    ("GET", "/mall/sku/{sku_id}/row"): (Call(by="buyer", query=lambda _: {"unit": "个"}),),
    ("GET", "/mall/cart"): (Call(by="buyer", query=lambda i: {"again": i["order"]}),),
    ("POST", "/mall/cart/lines"): (
        Call(by="buyer", form=lambda i: {"sku": i["sku"], "unit": "盒", "quantity": "1"}),
        Call(by="buyer", form=lambda i: {"sku": i["sku"], "unit": "盒", "quantity": "0"}),
    ),
    ("GET", "/mall/checkout"): MALL,
    ("POST", "/mall/checkout"): (Call(by="buyer", form=lambda _: {"key": uuid4().hex}),),
    ("POST", "/mall/cart/clear"): MALL,
    ("GET", "/mall/orders"): (Call(by="buyer", query=lambda _: {"state": "open"}),),
    ("GET", "/mall/orders/{order_id}"): MALL,
    ("GET", "/mall/orders/{order_id}/progress"): MALL,
    ("POST", "/mall/orders/{order_id}/steps/{step}"): (_receive("form"),),
    ("POST", "/mall/orders/{order_id}/cancel"): (
        Call(by="buyer", form=lambda _: {"reason": "ordered twice"}),
    ),
    ("POST", "/mall/orders/{order_id}/again"): MALL,
    ("GET", "/mall/account"): MALL,
    ("GET", "/mall/company"): MALL,
    ("POST", "/mall/company/people"): (Call(by="buyer", form=lambda i: _person(i) | {"role": "buyer"}),),
    ("POST", "/mall/company/people/{member_id}/role"): _of_company(
        "buyer", "form", lambda _: {"role": "finance"}
    ),
    ("POST", "/mall/company/people/{member_id}/invitation"): _of_company("buyer", "form", lambda _: {}),
    ("POST", "/mall/company/people/{member_id}/end"): _of_company("buyer", "form", lambda _: {}),
    # JSON of mall
    ("GET", "/api/v1/mall/catalogue"): (
        Call(by="buyer", query=lambda i: {"category": i["category"]}),
        Call(by="buyer", query=lambda i: {"q": i["sku code"]}),
    ),
    ("GET", "/api/v1/mall/skus/{sku_id}"): MALL,
    ("GET", "/api/v1/mall/cart"): MALL,
    ("PUT", "/api/v1/mall/cart/lines"): (
        Call(by="buyer", json=lambda i: {"sku_id": i["sku"], "unit": "盒", "quantity": "2"}),
        Call(by="buyer", json=lambda i: {"sku_id": i["sku"], "unit": "盒", "quantity": "1"}),
    ),
    ("POST", "/api/v1/mall/checkout"): (Call(by="buyer", headers=_key, json=lambda _: {"note": "soon"}),),
    ("GET", "/api/v1/mall/orders"): MALL,
    ("GET", "/api/v1/mall/orders/{order_id}"): MALL,
    ("POST", "/api/v1/mall/orders/{order_id}/steps/{step}"): (_receive("json"),),
    ("POST", "/api/v1/mall/orders/{order_id}/cancel"): (
        Call(by="buyer", json=lambda _: {"reason": "ordered twice"}),
    ),
    ("GET", "/api/v1/mall/account"): MALL,
    ("GET", "/api/v1/mall/company/people"): MALL,
    ("POST", "/api/v1/mall/company/people"): (
        Call(by="buyer", json=lambda i: _person(i) | {"role": "buyer"}),
    ),
    ("POST", "/api/v1/mall/company/people/{member_id}/invitation"): _of_company(
        "buyer", "json", lambda _: {}
    ),
    ("PUT", "/api/v1/mall/company/people/{member_id}/role"): _of_company(
        "buyer", "json", lambda _: {"role": "finance"}
    ),
    ("POST", "/api/v1/mall/company/people/{member_id}/end"): _of_company("buyer", "json", lambda _: {}),
    # order minimum
    ("GET", "/desk/order-minimum"): PAGE,
    ("POST", "/desk/order-minimum"): (
        Call(form=lambda i: {f"amount.{i['group']}": "0", "amount.others": "1.5"}),
    ),
    ("GET", "/api/v1/order-minimum/rules"): PAGE,
    ("PUT", "/api/v1/order-minimum/rules"): (
        Call(json=lambda i: {"rules": [{"group_id": i["group"], "amount": "0"}]}),
    ),
}
"""By verb and path as the application's route table has them."""
