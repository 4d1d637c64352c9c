"""The `headgate` command: demo, serve, migrate, apply blueprints, and what plugins add."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click
from headgate_sdk.commands import TenantRunner
from headgate_sdk.errors import HeadgateError, NotFound
from headgate_sdk.i18n import N_

from headgate_kernel.audit.commands import audit
from headgate_kernel.config import Settings
from headgate_kernel.demo import BLUEPRINTS, all_blueprints, demo
from headgate_kernel.identity.commands import person_group
from headgate_kernel.installation import database_ready, migrate_database
from headgate_kernel.jobs.commands import jobs, messages, work
from headgate_kernel.observe.commands import doctor
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.portability.commands import data_group
from headgate_kernel.runner import RunnerOfTenant
from headgate_kernel.secrets.commands import secrets_group
from headgate_kernel.serving import check_port, serve_until_stopped
from headgate_kernel.tenancy.commands import tenant_group
from headgate_kernel.tenancy.operator_commands import operator_group, resume, suspend
from headgate_kernel.tenancy.plan_commands import first_plans, plans_group

T = TypeVar("T")


class CommandLine:
    """What every command has at hand (implements `headgate_sdk.commands.CommandHost`).

    Args:
        host: the installed plugins.
    """

    def __init__(self, host: PluginHost) -> None:
        self.host = host
        self.data_dir: Path | None = None

    def settings(self) -> Settings:
        """Read the settings of the process."""
        return Settings.from_environment(data_dir=self.data_dir)

    def run(self, slug: str, use_case: Callable[[TenantRunner], Awaitable[T]]) -> T:
        """Run a use case for one tenant."""

        async def go() -> T:
            async with database_ready(self.settings(), self.host) as kernel:
                tenant = await kernel.tenant(slug)
                if plugin is not None and plugin not in tenant.plugins:
                    raise NotFound(
                        N_("The plugin {plugin} is switched off for {tenant}. Switch it on first."),
                        plugin=plugin, tenant=slug,
                    )  # fmt: skip
                return await use_case(RunnerOfTenant(kernel, tenant))

        plugin = self._plugin_of(click.get_current_context().command)
        return asyncio.run(go())

    def _plugin_of(self, command: click.Command) -> str | None:
        """Tell whose command runs: one of a plugin that is off for the tenant is as good as none."""
        return next((plugin for plugin, own in self.host.surfaces.commands if own is command), None)


pass_line = click.make_pass_decorator(CommandLine)


def build_cli(host: PluginHost) -> click.Group:
    """Put the kernel's and the plugins' commands together."""

    @click.group(context_settings={"help_option_names": ["-h", "--help"]})
    @click.option("--data-dir", type=click.Path(path_type=Path), help="Where the embedded database lives.")
    @click.option("--verbose", is_flag=True, help="Log what happens.")
    @click.version_option(package_name="headgate")
    @click.pass_obj
    def cli(line: CommandLine, data_dir: Path | None, verbose: bool) -> None:
        """Headgate 渠首: B2B ordering for many distributors."""
        line.data_dir = data_dir
        logging.basicConfig(
            level=logging.INFO if verbose else logging.ERROR, format="%(levelname)s %(name)s %(message)s"
        )

    for command in (suspend, resume):
        tenant_group.add_command(command)
    own: list[click.Command] = [
        demo_command,
        serve,
        work,
        jobs,
        messages,
        database,
        tenant_group,
        operator_group,
        person_group,
        plans_group,
        audit,
        secrets_group,
        data_group,
        doctor,
    ]
    for command in own:
        cli.add_command(command)
    for _, command in host.surfaces.commands:
        cli.add_command(command)
    return cli


@click.command("demo")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where the demo keeps its database.")
@click.option("--reset", is_flag=True, help="Throw the demo's data away and start anew.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object once it serves, instead of the list."
)
@click.option("--all", "everything", is_flag=True, help="Set up a distributor from each blueprint.")
@click.option(
    "--blueprint", "chosen", multiple=True, help="Set up from this one, e.g. frozen-food; may be repeated."
)
@pass_line
def demo_command(
    line: CommandLine,
    *,
    port: int,
    data_dir: Path | None,
    reset: bool,
    as_json: bool,
    everything: bool,
    chosen: tuple[str, ...],
) -> None:
    """Start two distributors with their goods, customers and orders, and serve them."""
    line.data_dir = data_dir or line.data_dir
    blueprints = all_blueprints() if everything else chosen or BLUEPRINTS
    demo(line.data_dir, line.host, port=port, reset=reset, as_json=as_json, blueprints=blueprints)


@click.command()
@click.option("--address", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that serve; HEADGATE_WORKERS or 1.")
@pass_line
def serve(line: CommandLine, address: str, port: int, workers: int | None) -> None:
    """Serve all tenants of this installation."""
    check_port(address, port)
    settings = line.settings()

    async def prepare() -> None:
        async with database_ready(settings, line.host) as kernel:
            await first_plans(kernel)

    asyncio.run(prepare())
    serve_until_stopped(settings, address=address, port=port, workers=workers or settings.workers)


@click.group("db")
def database() -> None:
    """The database of this installation."""


@database.command()
@pass_line
def migrate(line: CommandLine) -> None:
    """Bring the schema to what the installed code expects."""
    applied = asyncio.run(migrate_database(line.settings(), line.host))
    click.echo("\n".join(f"applied {name}" for name in applied) or "The schema is up to date.")


def main() -> None:
    """Run the command line; errors are told in words."""
    host = PluginHost()
    try:
        build_cli(host)(obj=CommandLine(host))
    except HeadgateError as error:
        click.echo(f"headgate: {error.fill(error.message)}", err=True)
        for problem in getattr(error, "problems", ()):
            click.echo(f"  - {problem}", err=True)
        sys.exit(1)
