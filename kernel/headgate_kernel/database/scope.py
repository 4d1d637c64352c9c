"""Whose data the running task works on.

A scope belongs to the task that entered it, and says which tenant it is for. It is found through context
variables, so that a table deep inside a plugin knows its tenant; a task that was started inside sees the
variables too, which is why each use checks the task.
"""

import asyncio
from contextvars import ContextVar
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from headgate_sdk.tables import tenant_id_in_scope

from headgate_kernel.database.errors import ScopeNotAllowed, UnitOfWorkClosed, UnitOfWorkMisuse, WrongTask

if TYPE_CHECKING:
    from headgate_sdk.ids import TenantId

current_scope: ContextVar["Scope | None"] = ContextVar("headgate_scope", default=None)


class ScopeState(Enum):
    """Where a scope is in its life."""

    NEW = auto()
    OPEN = auto()
    ENDED = auto()


class Scope:
    """The part of a unit of work that knows its task and its tenant.

    Args:
        tenant_id: the tenant whose rows are visible; None for the platform.
    """

    __slots__ = ("_outer", "_outer_tenant_id", "_state", "_task", "tenant_id")

    def __init__(self, tenant_id: "TenantId | None") -> None:
        self.tenant_id = tenant_id
        self._state = ScopeState.NEW
        self._task: asyncio.Task[Any] | None = None
        self._outer: Scope | None = None
        self._outer_tenant_id: TenantId | None = None

    def enter(self) -> None:
        """Make this the scope of the running task.

        Raises:
            ScopeNotAllowed: the task already works in a tenant's or the same kind of scope. Only the platform
                may be entered from a tenant's scope; its outcome is its own.
        """
        if self._state is not ScopeState.NEW:
            raise UnitOfWorkClosed("A unit of work is entered once; open a new scope instead.")
        task = asyncio.current_task()
        outer = current_scope.get()
        if outer is not None and outer.is_open_in(task):
            self._check_nesting(outer)
        self._task, self._outer, self._outer_tenant_id = task, outer, tenant_id_in_scope.get()
        self._state = ScopeState.OPEN
        current_scope.set(self)
        tenant_id_in_scope.set(self.tenant_id)

    def leave(self) -> None:
        """Restore the scope that was before. Safe to call twice; the transaction must have ended."""
        if current_scope.get() is self:
            current_scope.set(self._outer)
            tenant_id_in_scope.set(self._outer_tenant_id)

    def is_open_in(self, task: "asyncio.Task[Any] | None") -> bool:
        """Tell whether the task is working in this scope."""
        return self._state is ScopeState.OPEN and self._task is task

    def _check_nesting(self, outer: "Scope") -> None:
        if self.tenant_id is None and outer.tenant_id is not None:
            return
        if outer.tenant_id is None:
            raise ScopeNotAllowed(
                "A scope cannot be opened inside the platform's: end the platform scope first, then "
                "open this."
            )
        if outer.tenant_id != self.tenant_id:
            raise ScopeNotAllowed(
                f"The tenant cannot be switched from {outer.tenant_id} to {self.tenant_id} inside a "
                "unit of work: "
                "end the first scope before opening the second."
            )
        raise ScopeNotAllowed(
            "A unit of work is already open for this tenant: use the one at hand, with savepoint() "
            "for a part "
            "that may fail alone."
        )

    def _check_usable(self) -> None:
        if self._state is ScopeState.NEW:
            raise UnitOfWorkMisuse("The unit of work has not been entered: use `async with` or call enter().")
        self._check_owner()
        if self._state is ScopeState.ENDED:
            raise UnitOfWorkClosed(
                "The transaction has ended: this query comes too late. Open a new scope for it."
            )

    def _check_owner(self) -> None:
        if self._task is not None and asyncio.current_task() is not self._task:
            raise WrongTask(
                "This unit of work belongs to another task. Inside a transaction do not use gather, "
                "create_task, "
                "task groups or asyncio.wait_for (asyncio.timeout is fine); a task of its own opens "
                "a scope of its own."
            )
