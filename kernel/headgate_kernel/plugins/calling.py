"""Calls hooks of the plugins that are active for a context's tenant."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, NotReady
from headgate_sdk.hooks import HookInfo
from headgate_sdk.i18n import N_

from headgate_kernel.plugins.host import HookTable, Implementation

P = ParamSpec("P")
R = TypeVar("R")
log = logging.getLogger(__name__)


class BoundHooks:
    """Hooks for one context (implements `headgate_sdk.context.Hooks`)."""

    __slots__ = ("_ctx", "_table")

    def __init__(self, ctx: Context, table: HookTable) -> None:
        self._ctx = ctx
        self._table = table

    async def decide(
        self, spec: Callable[Concatenate[Context, P], Awaitable[R]], *args: P.args, **kwargs: P.kwargs
    ) -> list[tuple[str, R]]:
        """Call a decider hook on a batch; see `headgate_sdk.context.Hooks.decide`."""
        implementations = self._table[spec.__name__]
        if not implementations:
            return []
        values = inspect.signature(spec).bind(self._ctx, *args, **kwargs).arguments
        info: HookInfo = spec.headgate_info  # type: ignore[attr-defined]
        results: list[tuple[str, R]] = []
        for implementation in implementations:
            answer = await self._ask(implementation, info, values)
            if answer is not None:
                results.append((implementation.plugin, answer))
        return results

    async def _ask(self, implementation: Implementation, info: HookInfo, values: dict[str, Any]) -> Any:
        arguments = [values[name] for name in implementation.argument_names]
        try:
            async with self._ctx.db.savepoint(), asyncio.timeout(info.budget_ms / 1000):
                return await implementation.function(*arguments)
        except HeadgateError:
            raise
        except Exception as error:
            name = implementation.function.__name__
            log.exception("%s of plugin %s failed", name, implementation.plugin)
            if info.fails == "open":
                return None
            raise NotReady(
                N_("The plugin {plugin} failed while it was asked. Nothing was changed; please try again."),
                plugin=implementation.plugin,
            ) from error
