"""The operations of the JSON API, and how they are asked so that some of what is sent exists."""

from pathlib import Path
from typing import Any

import schemathesis
from headgate_kernel.app import create_app
from headgate_kernel.config import Settings
from headgate_kernel.web.api_description import describe
from hypothesis import strategies
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.schemas import OpenApiSchema

from tests.isolation.arguments import PATH_KINDS

SETTINGS = Settings(data_dir=Path("unused"), secret_key=b"for reading the route table only")
DESCRIPTION = describe(create_app(SETTINGS))
OPERATIONS = [
    (method.upper(), path) for path, item in sorted(DESCRIPTION["paths"].items()) for method in sorted(item)
]
WITH_BODY = [
    (method, path)
    for method, path in OPERATIONS
    if "requestBody" in DESCRIPTION["paths"][path][method.lower()]
]
TAKING = [
    (method, path)
    for method, path in OPERATIONS
    if {"parameters", "requestBody"} & DESCRIPTION["paths"][path][method.lower()].keys()
]

known_ids: list[str] = []
"""Ids that exist; most of what is sent in a body is one of them."""

schemathesis.openapi.format(
    "uuid",
    strategies.one_of(
        strategies.deferred(lambda: strategies.sampled_from(known_ids or ["0" * 32])),
        strategies.uuids().map(str),
    ),
)


def load(ids: dict[str, str]) -> OpenApiSchema:
    """Give the description with which to ask a shop that has these ids."""
    known_ids[:] = [one for one in ids.values() if len(one) == 36 and one.count("-") == 4]
    config = SchemathesisConfig()
    config.projects.default.generation.with_security_parameters = False  # tokens are not to be made up
    schema: OpenApiSchema = schemathesis.openapi.from_dict(DESCRIPTION, config=config)
    return schema


def who_may(path: str) -> str:
    """Give the role that an operation is open to."""
    return "buyer" if "/mall/" in path else "owner"


def path_ids(path: str, ids: dict[str, str]) -> dict[str, Any]:
    """Give what exists for the parameters of a path."""
    special = {
        "session_id": ids["own session"],
        "step": "trade.receive" if "/mall/" in path else "trade.sales_approval",
    }
    if "/company/" in path or "/customers/" in path:
        special["member_id"] = ids["company member"]
    names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    return {name: special.get(name) or ids[PATH_KINDS[name]] for name in names}
