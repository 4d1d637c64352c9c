"""Calls hooks of the plugins that are active for a context's tenant."""

import inspect
import logging
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, NotReady
from headgate_sdk.hooks import HookInfo
from headgate_sdk.i18n import N_

from headgate_kernel.plugins.budget import finish_within
from headgate_kernel.plugins.host import HookTable, Implementation

if TYPE_CHECKING:
    from headgate_kernel.database.unit_of_work import UnitOfWork

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
        """Call a decider hook on a batch; see `headgate_sdk.context.Hooks.decide`.

        Implementations share a savepoint for as long as none of them has done anything that it would undo.
        """
        implementations = self._table[spec.__name__]
        if not implementations:
            return []
        values = _values(spec, self._ctx, args, kwargs)
        info: HookInfo = spec.headgate_info  # type: ignore[attr-defined]
        work = cast("UnitOfWork", self._ctx.db)
        results: list[tuple[str, R]] = []
        asked, count = 0, len(implementations)
        while asked < count:
            try:
                async with work.savepoint() as part:
                    while asked < count and not part.is_touched:
                        implementation = implementations[asked]
                        asked += 1
                        asking = implementation.function(*[values[name] for name in implementation.argument_names])
                        try:
                            waits_for = asking.send(None)
                        except StopIteration as ended:
                            answer = ended.value
                        else:
                            answer = await finish_within(info.budget_ms / 1000, asking, waits_for)
                        if answer is not None:
                            results.append((implementation.plugin, answer))
            except HeadgateError:
                raise
            except Exception as error:  # noqa: BLE001 (told in the log, and to the caller unless the hook fails open)
                _tell_failure(implementation, info, error)
        return results


def _tell_failure(implementation: Implementation, info: HookInfo, error: Exception) -> None:
    log.error(
        "%s of plugin %s failed", implementation.function.__name__, implementation.plugin, exc_info=error
    )
    if info.fails == "closed":
        raise NotReady(
            N_("The plugin {plugin} failed while it was asked. Nothing was changed; please try again."),
            plugin=implementation.plugin,
        ) from error


def _values(
    spec: Callable[..., object], ctx: Context, args: tuple[object, ...], kwargs: dict[str, object]
) -> dict[str, Any]:
    names = _parameter_names(spec)
    if not kwargs and len(args) + 1 == len(names):
        return dict(zip(names, (ctx, *args), strict=True))
    bound = inspect.signature(spec).bind(ctx, *args, **kwargs)
    bound.apply_defaults()
    return bound.arguments


@cache
def _parameter_names(spec: Callable[..., object]) -> tuple[str, ...]:
    return tuple(inspect.signature(spec).parameters)
