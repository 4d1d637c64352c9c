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
        """Call a decider hook on a batch; see `headgate_sdk.context.Hooks.decide`."""
        implementations = self._table[spec.__name__]
        if not implementations:
            return []
        info: HookInfo = spec.headgate_info  # type: ignore[attr-defined]
        round_ = _Round(implementations, *_arguments(spec, self._ctx, args, kwargs))
        while not round_.is_over:
            asking = self._ask_some(round_)
            try:
                try:
                    waits_for = asking.send(None)
                except StopIteration:
                    continue
                round_.has_waited = True
                await finish_within(info.budget_ms / 1000, asking, waits_for)
            except HeadgateError:
                raise
            except Exception as error:  # noqa: BLE001 (told in the log, and to the caller unless the hook fails open)
                round_.fail(info, error)
        return round_.results

    async def _ask_some(self, round_: "_Round") -> None:
        """Ask to the end, or until one did what can be undone, or waited: the next one starts afresh."""
        names, values, results = round_.names, round_.values, round_.results
        round_.has_waited = False
        async with cast("UnitOfWork", self._ctx.db).savepoint() as part:
            for implementation in round_.remaining:
                round_.asked = implementation
                whole = implementation.argument_names == names
                answer = await implementation.function(*(values if whole else round_.pick(implementation)))
                if answer is not None:
                    results.append((implementation.plugin, answer))
                if part.is_touched or round_.has_waited:
                    return
        round_.is_over = True


class _Round:
    """One call of a hook: who is asked with what, and what they answered."""

    __slots__ = ("asked", "has_waited", "is_over", "names", "remaining", "results", "values")

    def __init__(
        self, implementations: tuple[Implementation, ...], names: tuple[str, ...], values: tuple[Any, ...]
    ) -> None:
        self.names = names
        self.values = values
        self.remaining = iter(implementations)
        self.asked = implementations[0]
        self.results: list[tuple[str, Any]] = []
        self.has_waited = self.is_over = False

    def pick(self, implementation: Implementation) -> list[Any]:
        """Give the arguments that an implementation wants."""
        return [self.values[self.names.index(name)] for name in implementation.argument_names]

    def fail(self, info: HookInfo, error: Exception) -> None:
        """Leave out the one that was asked last, or fail the whole call, as the hook has it.

        Raises:
            NotReady: the hook fails closed.
        """
        log.error("%s of plugin %s failed", self.asked.function.__name__, self.asked.plugin, exc_info=error)
        if info.fails == "closed":
            raise NotReady(
                N_("The plugin {plugin} failed while it was asked. Nothing was changed; please try again."),
                plugin=self.asked.plugin,
            ) from error
        if self.results and self.results[-1][0] == self.asked.plugin:  # it hid a failure of the database
            self.results.pop()


def _arguments(
    spec: Callable[..., object], ctx: Context, args: tuple[object, ...], kwargs: dict[str, object]
) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    names = _parameter_names(spec)
    if not kwargs and len(args) + 1 == len(names):
        return names, (ctx, *args)
    bound = inspect.signature(spec).bind(ctx, *args, **kwargs)
    bound.apply_defaults()
    return names, tuple(bound.arguments[name] for name in names)


@cache
def _parameter_names(spec: Callable[..., object]) -> tuple[str, ...]:
    return tuple(inspect.signature(spec).parameters)
