"""Every route of the application, asked by everybody whose business it is not."""

from pathlib import Path

import httpx
import pytest
from headgate_kernel.app import create_app
from headgate_kernel.config import Settings
from headgate_sdk.context import Actor
from headgate_sdk.testing.tenants import ROLES
from headgate_sdk.web import PUBLIC, SIGNED_IN

from tests.shop import CANCELLING_BUYER

from .arguments import CALLS, Call, kinds_of, request_of
from .conftest import nobodys_ids, own_ids

NOT_FOREIGN = {"asset"}
CUSTOMERS_OWN = frozenset({"order", "shipped order", "customer", "company member"})
ROLES_OF_SHOPS = (*(role for role in ROLES if role.key != "buyer"), CANCELLING_BUYER)
KIND_OF_ROLE = {"buyer": "customer"}


def _routes() -> dict[tuple[str, str], dict[str, str]]:
    """Read the route table of the application: verb and path with the gate's options."""
    app = create_app(Settings(data_dir=Path("unused"), secret_key=b"for reading the route table only"))
    return {
        (method, route.path_format): handler.opt
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in sorted(handler.http_methods - {"OPTIONS"})
    }


ROUTES = _routes()
OPEN = {key: opt for key, opt in ROUTES.items() if opt.get("face") != "none"}
GUARDED = [key for key, opt in OPEN.items() if opt["permission"] != PUBLIC]
EACH = pytest.mark.parametrize(
    ("method", "path"), [pytest.param(*key, id=" ".join(key)) for key in sorted(OPEN) if key in CALLS]
)
EACH_GUARDED = pytest.mark.parametrize(
    ("method", "path"), [pytest.param(*key, id=" ".join(key)) for key in sorted(GUARDED) if key in CALLS]
)


def test_every_route_is_in_the_suite():
    assert not OPEN.keys() - CALLS.keys(), "say in arguments.py how these routes are asked"
    assert not CALLS.keys() - OPEN.keys(), "these routes are gone: take them out of arguments.py"


def test_only_these_routes_are_open_to_everybody():
    assert {key for key, opt in OPEN.items() if opt["permission"] == PUBLIC} == {
        ("GET", "/"), ("GET", "/sign-in"), ("POST", "/sign-in"), ("POST", "/locale"), ("GET", "/brand.css"),
        ("GET", "/health"), ("GET", "/health/live"), ("GET", "/health/ready"), ("GET", "/metrics"),
        ("GET", "/static/{file_path}"), ("HEAD", "/static/{file_path}"),
        ("POST", "/api/v1/sessions"), ("GET", "/api/v1/openapi.json"),
        ("POST", "/sign-in/passkey/options"), ("POST", "/sign-in/passkey"), ("GET", "/sign-in/sso"),
        ("GET", "/sign-in/sso/callback"), ("GET", "/sign-in/phone"), ("POST", "/sign-in/phone"),
        ("POST", "/sign-in/phone/code"), ("POST", "/api/v1/sessions/phone-code"),
        ("POST", "/api/v1/sessions/phone-code/redeem"),
        ("GET", "/sign-in/second-factor"), ("POST", "/sign-in/second-factor"),
        ("POST", "/api/v1/sessions/second-factor"), ("GET", "/handoff"), ("GET", "/reset"),
        ("POST", "/reset"),
        ("GET", "/reset/{token}"), ("POST", "/reset/{token}"), ("GET", "/invitation/{token}"),
        ("POST", "/invitation/{token}"), ("GET", "/confirm/{token}"), ("POST", "/confirm/{token}"),
    }  # fmt: skip


@EACH
async def test_its_own_people_get_an_answer(house, fresh_ids, method, path):
    """Without this the refusals below could be those of a malformed request."""
    for call in CALLS[method, path]:
        if call.by == "operator":
            continue  # test_console.py
        client = await house.client(house.trial, call.by, fresh=True)
        answer = await _ask(client, method, path, call, await fresh_ids(house.trial))
        if call.answers:
            assert answer.status_code == call.answers, answer.text[-2000:]
        else:
            assert answer.status_code < 400, answer.text[-2000:]
        await client.aclose()


@EACH
async def test_nobody_gets_nothing(house, method, path):
    for call in CALLS[method, path]:
        async with house.unchanged():
            answer = await _ask(await house.client(house.mine), method, path, call, own_ids(house.mine))
        _check_secrecy(answer, house.mine, house.theirs)
        if OPEN[method, path]["permission"] != PUBLIC:
            _check_closed(answer)


@EACH_GUARDED
async def test_a_session_of_another_distributor_is_none(house, method, path):
    for call in CALLS[method, path]:
        for bearer in (False, True):
            visitor = await house.client(house.mine, _tenants(call.by), of=house.theirs, bearer=bearer)
            async with house.unchanged():
                answer = await _ask(visitor, method, path, call, own_ids(house.mine))
            _check_closed(answer)
            _check_secrecy(answer, house.mine, house.theirs)


@EACH_GUARDED
async def test_anothers_ids_are_as_good_as_none(house, method, path):
    """An id of another distributor is answered like one that nothing has; neither does anything."""
    for call in CALLS[method, path]:
        mine, theirs, nobodys = own_ids(house.mine), own_ids(house.theirs), nobodys_ids(house.mine)
        client = await house.client(house.mine, _tenants(call.by))
        for kind in kinds_of(path, call, mine):
            if kind in NOT_FOREIGN:
                continue
            async with house.unchanged():
                foreign = await _ask(client, method, path, call, mine | {kind: theirs[kind]})
                absent = await _ask(client, method, path, call, mine | {kind: nobodys[kind]})
            assert foreign.status_code == absent.status_code, (foreign.text[-1500:], absent.text[-1500:])
            assert _all_of(foreign, theirs[kind]) == _all_of(absent, nobodys[kind])
            _check_secrecy(_all_of(foreign, theirs[kind]), house.theirs)


@EACH_GUARDED
async def test_roles_without_the_permission_are_refused(house, method, path):
    permission = OPEN[method, path]["permission"]
    if permission == SIGNED_IN or OPEN[method, path].get("face") == "console":
        return
    for role in ROLES_OF_SHOPS:
        actor = Actor(KIND_OF_ROLE.get(role.key, "staff"), permissions=frozenset(role.permissions))
        if actor.allowed(permission):
            continue
        for call in CALLS[method, path]:
            client = await house.client(house.mine, role.key)
            async with house.unchanged():
                answer = await _ask(client, method, path, call, own_ids(house.mine))
            assert answer.status_code == 403, (role.key, answer.text[-2000:])
            _check_secrecy(answer, house.mine, house.theirs)


@EACH_GUARDED
async def test_a_buyer_sees_nothing_of_another_customer(house, method, path):
    """The first buyer's ids are as good as none to the second, and no word of theirs is in any answer."""
    client = await house.client(house.mine, "buyer2")
    others, nobodys = own_ids(house.mine), nobodys_ids(house.mine)
    absent = others | {kind: nobodys[kind] for kind in CUSTOMERS_OWN}
    for call in CALLS[method, path]:
        sent = CUSTOMERS_OWN.intersection(kinds_of(path, call, others))
        if not sent and method != "GET":
            continue
        async with house.unchanged():
            answer = await _ask(client, method, path, call, others)
            to_nobodys = await _ask(client, method, path, call, absent)
        assert answer.status_code == to_nobodys.status_code, (answer.text[-1500:], to_nobodys.text[-1500:])
        if sent:
            texts = (
                _all_of(answer, *(others[k] for k in sent)),
                _all_of(to_nobodys, *(absent[k] for k in sent)),
            )
            assert texts[0] == texts[1]
        _check_secrecy(answer, house.theirs)
        assert house.mine.secret not in _all_of(answer)


async def _ask(client: httpx.AsyncClient, method: str, path: str, call: Call, ids) -> httpx.Response:
    answer = await client.request(**request_of(method, path, call, ids))
    assert answer.status_code < 500, answer.text[-2000:]
    return answer


def _check_closed(answer: httpx.Response) -> None:
    """Insist on: sign in first, or nothing is here."""
    if answer.status_code == 303:
        assert answer.headers["location"].startswith("/sign-in?next=")
    else:
        assert answer.status_code in {401, 404}, answer.text[-2000:]


def _check_secrecy(answer: httpx.Response | str, *shops) -> None:
    text = answer if isinstance(answer, str) else _all_of(answer)
    for shop in shops:
        assert shop.canary not in text
        assert shop.secret not in text


def _all_of(answer: httpx.Response, *sent: str) -> str:
    """Give headers and body, without the caller's own words, which may be repeated."""
    headers = (f"{name}: {value}" for name, value in answer.headers.items() if name != "x-request-id")
    text = "\n".join((*headers, answer.text))
    for word in sent:
        text = text.replace(word, "·")
    return text


def _tenants(role: str) -> str:
    """Give the most that a distributor's person can be in place of an operator."""
    return "owner" if role == "operator" else role
