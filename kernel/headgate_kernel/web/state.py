"""What the gate found out about a request; handlers and error pages read it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import msgspec
from headgate_sdk.context import Context
from litestar.types import Scope

from headgate_kernel.identity.sessions import Session
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.directory import Tenant
from headgate_kernel.web.rendering import Reader

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection

KEY = "headgate"


class RequestState(msgspec.Struct):
    """A request behind the gate.

    Args:
        kernel: of the process.
        tenant: whose host was asked; None at the operator's console.
        session: who asks.
        locale: the reader's language.
        token: of the session, to end it.
        ctx: what use cases are handed; None at the console.
        address: network address of who asks.
        cookies: that were sent.
    """

    kernel: Kernel
    tenant: Tenant | None
    session: Session
    locale: str
    token: str = ""
    ctx: Context | None = None
    address: str = ""
    cookies: Mapping[str, str] = {}

    def reader(self) -> Reader:
        """Give what layouts need where there is no context."""
        actor = self.session.actor
        return Reader(
            self.tenant.info if self.tenant else None,
            actor if actor.kind != "anonymous" else None,
            self.locale,
        )


def state_of(scope: Scope) -> RequestState | None:
    """Give the state of a request, None before the gate."""
    state: Mapping[str, object] = scope.get("state", {})  # absent where routing itself failed
    return cast("RequestState | None", state.get(KEY))


def provide_ctx(scope: Scope) -> Context:
    """Give handlers their `ctx`."""
    state = state_of(scope)
    if state is None or state.ctx is None:
        raise RuntimeError("this route needs a tenant; the gate lets it be reached on tenants' hosts only")
    return state.ctx


def provide_kernel(scope: Scope) -> Kernel:
    """Give the kernel's own handlers their `kernel`."""
    state = state_of(scope)
    assert state is not None
    return state.kernel


def wants_json(connection: "ASGIConnection[Any, Any, Any, Any]") -> bool:
    """Tell whether the caller is a program rather than a browser."""
    return connection.url.path.startswith("/api/")
