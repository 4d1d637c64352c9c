"""Requests whose JSON may be anything at all."""

from typing import Any

from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from litestar import Request


class AnyJsonRequest(Request[Any, Any, Any]):
    """A request that tells of JSON which is nested too deeply, as of any other that cannot be read."""

    async def json(self) -> Any:
        """Read the body as JSON.

        Raises:
            Invalid: it is nested deeper than anything that is asked for.
        """
        try:
            return await super().json()
        except RecursionError:
            raise Invalid(N_("The JSON is nested too deeply.")) from None
