"""`Secret` in APIs: read from a string, written as dots, described as write-only."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headgate_sdk.secrets import Secret
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.plugins import InitPlugin, OpenAPISchemaPlugin

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator
    from litestar.config.app import AppConfig
    from litestar.typing import FieldDefinition


class SecretsInApi(InitPlugin, OpenAPISchemaPlugin):
    """Lets handlers take and give Structs with fields of the type `Secret`."""

    def on_app_init(self, app_config: "AppConfig") -> "AppConfig":
        """Teach the application to read and write the type."""
        encoders: Mapping[Any, Any] = app_config.type_encoders or {}
        app_config.type_encoders = {**encoders, Secret: str}
        app_config.type_decoders = [*(app_config.type_decoders or ()), (_is_secret, _read_secret)]
        return app_config

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        """Tell whether a type is described here."""
        return value is Secret

    def to_openapi_schema(
        self,
        field_definition: "FieldDefinition",
        schema_creator: "SchemaCreator",
    ) -> Schema:
        """Describe the type."""
        password: Any = "password"  # noqa: S105 (a format of OpenAPI 3.1, not among the framework's)
        return Schema(type=OpenAPIType.STRING, format=password, write_only=True)


def _is_secret(kind: Any) -> bool:
    return kind is Secret


def _read_secret(_: Any, value: Any) -> Secret:
    if not isinstance(value, str):
        raise TypeError("Expected `str`")  # never the value itself: it would stand in the answer
    return Secret(value)
