"""`headgate doctor`: looks at everything that an installation stands on, and says what to do.

Each check looks at one thing and gives findings; none changes anything.
"""

import shutil
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
from headgate_sdk.errors import HeadgateError
from headgate_sdk.i18n import N_

from headgate_kernel.config import Settings
from headgate_kernel.database.database import Databases
from headgate_kernel.database.drift import find_drift
from headgate_kernel.database.lint import lint_isolation
from headgate_kernel.database.pool import connect
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.runtime import database_settings, migration_sources

CLOCK_TOLERANCE = timedelta(seconds=5)
LITTLE_SPACE = 2 * 1024**3
SPARE_CONNECTIONS = 10

Verdict = Literal["ok", "warning", "failure"]


class Finding(msgspec.Struct, frozen=True):
    """What a check found.

    Args:
        verdict: `failure` means that something does not work or is not safe.
        message: English msgid: what is so and, unless all is well, what to do.
        params: values for the message.
    """

    verdict: Verdict
    message: str
    params: Mapping[str, object] = {}

    def __str__(self) -> str:
        return self.message.format(**self.params)


async def examine(settings: Settings, host: PluginHost) -> AsyncIterator[Finding]:
    """Check an installation, from the ground up; what needs the database is left out when there is none."""
    for finding in (*_check_files(settings), *_check_domain(settings), *_check_plugins(host)):
        yield finding
    try:
        async with _opened(settings, host) as databases:
            for check in DATABASE_CHECKS:
                for finding in await check(settings, host, databases):
                    yield finding
    except HeadgateError as error:
        yield Finding("failure", str(error).replace("{", "{{").replace("}", "}}"))


@asynccontextmanager
async def _opened(settings: Settings, host: PluginHost) -> AsyncIterator[Databases]:
    databases = await Databases.open(database_settings(settings), migration_sources(host))
    try:
        yield databases
    finally:
        await databases.close()


def _check_files(settings: Settings) -> list[Finding]:
    findings = []
    for name in ("secret.key", "master.key"):
        path = settings.data_dir / name
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            findings.append(
                Finding(
                    "failure",
                    N_("{path} can be read by others on this machine. Run: chmod 600 {path}"),
                    {"path": str(path)},
                )
            )
    free = shutil.disk_usage(settings.data_dir if settings.data_dir.exists() else "/").free
    words = N_("{free} MB are free where the data lies ({path}). Make room before the database stops.")
    if free < LITTLE_SPACE:
        findings.append(Finding("warning", words, {"free": free // 1024**2, "path": str(settings.data_dir)}))
    return findings or [Finding("ok", N_("Keys are private and there is room on the disk."))]


def _check_domain(settings: Settings) -> list[Finding]:
    if settings.domain == "localhost":
        return [
            Finding(
                "warning",
                N_("The domain is localhost: good for trying out. Set HEADGATE_DOMAIN for people's use."),
            )
        ]
    findings = [
        Finding(
            "ok",
            N_("Distributors are at <name>.{domain}, over TLS only."),
            {"domain": settings.domain},
        )
    ]
    if not (settings.database_url or settings.app_database_url):
        findings.append(
            Finding(
                "warning",
                N_(
                    "The embedded database serves one machine and has no replica. Set HEADGATE_DATABASE_URL "
                    "to a PostgreSQL server that is backed up."
                ),
            )
        )
    return findings


def _check_plugins(host: PluginHost) -> list[Finding]:
    findings = [
        Finding(
            "warning",
            N_("The plugin {plugin} is left out: {reason}"),
            {"plugin": plugin.manifest.id, "reason": plugin.problem.format(**plugin.problem_params)},
        )
        for plugin in host.installed
        if plugin.problem
    ]
    return findings or [
        Finding("ok", N_("{n} plugins are installed, all of them work."), {"n": len(host.installed)})
    ]


async def _check_clock(_: Settings, __: PluginHost, databases: Databases) -> list[Finding]:
    async with databases.platform_scope() as db:
        version = await db.fetch_value("SHOW server_version")
        there = await db.fetch_value("SELECT clock_timestamp()")
    apart = abs(there - datetime.now(UTC))
    if apart > CLOCK_TOLERANCE:
        return [
            Finding(
                "failure",
                N_("The clocks of this machine and of the database are {n} seconds apart. Synchronise them."),
                {"n": round(apart.total_seconds())},
            )
        ]
    return [Finding("ok", N_("PostgreSQL {version} answers, its clock agrees."), {"version": version})]


async def _check_connections(settings: Settings, _: PluginHost, databases: Databases) -> list[Finding]:
    async with databases.platform_scope() as db:
        most = int(await db.fetch_value("SHOW max_connections"))
    asked = database_settings(settings)
    needed = settings.workers * (asked.connections + asked.platform_connections) + SPARE_CONNECTIONS
    values = {"most": most, "needed": needed, "workers": settings.workers}
    if needed > most:
        return [
            Finding(
                "failure",
                N_(
                    "{workers} workers may open {needed} connections, the server allows {most}. "
                    "Raise max_connections or lower HEADGATE_WORKERS."
                ),
                values,
            )
        ]
    return [Finding("ok", N_("Connections suffice: {needed} of {most} with {workers} workers."), values)]


async def _check_isolation(_: Settings, host: PluginHost, databases: Databases) -> list[Finding]:
    address = databases.server.admin or databases.server.platform
    connection = await connect(address)
    try:
        faults = await lint_isolation(connection)
        drifted = await find_drift(
            connection,
            [table for plugin in host.installed if not plugin.problem for table in plugin.manifest.tables],
        )
    finally:
        await connection.close()
    findings = [Finding("failure", "{fault}", {"fault": fault}) for fault in (*faults, *drifted)]
    return findings or [Finding("ok", N_("Every table keeps distributors apart, and is as the code has it."))]


async def _check_operators(_: Settings, __: PluginHost, databases: Databases) -> list[Finding]:
    async with databases.platform_scope() as db:
        operators = await db.fetch_value("SELECT count(*) FROM person WHERE is_operator")
        tenants = await db.fetch_value("SELECT count(*) FROM tenant")
    if not operators:
        return [
            Finding("warning", N_("Nobody is an operator yet. Run: headgate operator add <e-mail address>"))
        ]
    return [
        Finding(
            "ok",
            N_("{tenants} distributors, {operators} operators."),
            {"tenants": tenants, "operators": operators},
        )
    ]


Check = Callable[[Settings, PluginHost, Databases], Awaitable[Sequence[Finding]]]
DATABASE_CHECKS: list[Check] = [_check_clock, _check_connections, _check_isolation, _check_operators]
"""Checks that need an open database, in order."""
