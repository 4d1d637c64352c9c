"""How a plugin's command on the `headgate` command line reaches a tenant.

A command is a `click.Command` given by the hook `headgate_commands`. It calls `run_with_tenant` with a use
case that opens as many units of work as it needs.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

import click

from headgate_sdk.clock import Clock
from headgate_sdk.context import SYSTEM, Actor, Context

T = TypeVar("T")


class TenantRunner(Protocol):
    """Opens units of work for one tenant."""

    def context(
        self, *, actor: Actor = SYSTEM, clock: Clock | None = None
    ) -> AbstractAsyncContextManager[Context]:
        """Open a unit of work; it is committed on a normal exit and undone on an exception."""
        ...


class CommandHost(Protocol):
    """The kernel's side of the command line; it is click's `obj`."""

    def run(self, slug: str, use_case: Callable[[TenantRunner], Awaitable[T]]) -> T:
        """Start the database, find the tenant, run the use case to its end."""
        ...


def run_with_tenant(slug: str, use_case: Callable[[TenantRunner], Awaitable[T]]) -> T:
    """Run a use case for the tenant with this short name; for use inside a click command.

    Raises:
        NotFound: there is no such tenant.
    """
    host = click.get_current_context().find_root().obj
    result: T = host.run(slug, use_case)
    return result
