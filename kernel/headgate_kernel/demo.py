"""`headgate demo`: two distributors with goods, customers and orders, on an embedded database."""

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from headgate_sdk.blueprint import Blueprint, PersonEntry
from headgate_sdk.errors import Conflict, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.progress import reporting
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from headgate_kernel.config import Settings
from headgate_kernel.database.embedded import EmbeddedServer
from headgate_kernel.database.embedded_directory import default_data_dir
from headgate_kernel.identity.passwords import hash_password
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.installation import database_ready
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.runner import RunnerOfTenant
from headgate_kernel.serving import check_port, serve_until_stopped
from headgate_kernel.tenancy.blueprints import FILE_NAME, apply_blueprint, read_blueprint
from headgate_kernel.tenancy.folders import blueprints_folder
from headgate_kernel.tenancy.plan_commands import first_plans

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

ADDRESS = "127.0.0.1"
BLUEPRINTS = ("hardware-wholesale", "gift-wholesale")
"""What the demo holds when nobody chooses."""
PASSWORD = "headgate-demo"  # noqa: S105 (printed to everybody who runs the demo)
OPERATOR = "operator@headgate.example"
MARKER = "demo.json"


class DemoPerson(msgspec.Struct):
    """Somebody to sign in as."""

    role: str
    name: str
    login: str
    password: str
    url: str


class DemoList(msgspec.Struct):
    """What the demo prints once it serves."""

    console: str
    people: list[DemoPerson]


def demo(
    data_dir: Path | None,
    host: PluginHost,
    *,
    port: int,
    reset: bool,
    as_json: bool,
    blueprints: Sequence[str] = BLUEPRINTS,
) -> None:
    """Fill the demo's database if it is not filled yet, serve it, and tell whom to sign in as.

    Args:
        data_dir: where the demo lives; by default a folder `demo` beside the installation's own data.
        host: the installed plugins.
        port: to serve on.
        reset: throw away what is there first.
        as_json: print one JSON object instead of a list.
        blueprints: names of those to set distributors up from; what is there already stays.
    """
    check_port(ADDRESS, port)
    folder = (data_dir or default_data_dir() / "demo").absolute()
    if reset:
        _remove(folder)
    settings = msgspec.structs.replace(Settings.from_environment({}, data_dir=folder), domain="localhost")
    folders = [blueprints_folder() / name for name in dict.fromkeys(blueprints)]
    console = Console(stderr=as_json, highlight=False)
    asyncio.run(_prepare(settings, host, folders, console))
    people = people_of([read_blueprint(path) for path in folders], port)

    def tell() -> None:
        if as_json:
            click.echo(msgspec.json.encode(people).decode())
        else:
            _print(console, people)

    serve_until_stopped(settings, address=ADDRESS, port=port, workers=1, when_ready=tell)


def _remove(folder: Path) -> None:
    if not folder.exists():
        return
    known = {MARKER, "secret.key", "database"}
    foreign = [path.name for path in folder.iterdir() if path.name not in known]
    if foreign:
        raise Conflict(
            N_("{folder} holds something that the demo did not make ({name}), so it is not removed."),
            folder=str(folder), name=foreign[0],
        )  # fmt: skip
    EmbeddedServer(folder / "database").remove()
    shutil.rmtree(folder)


async def _prepare(settings: Settings, host: PluginHost, folders: list[Path], console: Console) -> None:
    marker = settings.data_dir / MARKER
    with _progress(console) as progress:
        task = progress.add_task("Starting PostgreSQL", total=None)
        async with database_ready(
            settings, host, lambda name: progress.update(task, description=f"Schema {name}")
        ) as kernel:
            progress.update(task, description="Database ready", total=1, completed=1)
            filled = _filled(marker)
            if not filled:
                await _operator(kernel)
                await first_plans(kernel)
            for folder in folders:
                if folder.name not in filled:
                    await _fill(kernel, folder, progress)
            filled |= {folder.name for folder in folders}
            marker.write_bytes(msgspec.json.encode({"filled": sorted(filled)}))


def _filled(marker: Path) -> set[str]:
    """Name the blueprints that the demo has taken in."""
    try:
        return set(msgspec.json.decode(marker.read_bytes(), type=dict[str, list[str]]).get("filled", ()))
    except (FileNotFoundError, msgspec.MsgspecError):
        return set()


def all_blueprints() -> list[str]:
    """Name all blueprints that there are."""
    return sorted(path.parent.name for path in blueprints_folder().glob(f"*/{FILE_NAME}"))


async def _operator(kernel: "Kernel") -> None:
    hashed = await hash_password(PASSWORD)
    async with kernel.databases.platform_scope() as db:
        await save_people(db, [NewPerson(OPERATOR, "Operator", hashed, is_operator=True)], kernel.clock.now())


async def _fill(kernel: "Kernel", folder: Path, progress: Progress) -> None:
    if not (folder / FILE_NAME).exists():
        raise NotFound(N_("There is no blueprint at {path}."), path=str(folder))
    tasks: dict[str, TaskID] = {}

    def show(label: str, done: int, total: int | None) -> None:
        if label not in tasks:
            tasks[label] = progress.add_task(f"{folder.name}: {label}", total=total)
        progress.update(tasks[label], completed=done, total=total)

    with reporting(show):
        blueprint = (await apply_blueprint(kernel, folder, password_of=lambda _: PASSWORD)).blueprint
        tenant = await kernel.tenant(blueprint.profile.slug)
        for implementation in kernel.host.table(tenant.plugins)["headgate_practice"]:
            await implementation.function(RunnerOfTenant(kernel, tenant), blueprint, folder)


@contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        yield progress


def people_of(blueprints: list[Blueprint], port: int) -> DemoList:
    """List the addresses with people to sign in as."""
    console = f"http://console.localhost:{port}/"
    people = [DemoPerson("operator", "Operator", OPERATOR, PASSWORD, console)]
    for blueprint in blueprints:
        url = f"http://{blueprint.profile.host or blueprint.profile.slug}.localhost:{port}/"
        people += [
            DemoPerson(_role(person), person.name, person.login, PASSWORD, url) for person in blueprint.people
        ]
    return DemoList(console, people)


def _role(person: PersonEntry) -> str:
    return "retailer" if person.kind == "customer" else person.roles[0]


def _print(console: Console, people: DemoList) -> None:
    console.print("\nHeadgate serves. Sign in with the password [bold]" + PASSWORD + "[/bold] as:\n")
    url = ""
    for person in people.people:
        if person.url != url:
            url = person.url
            console.print(f"  [bold]{url}[/bold]")
        console.print(f"    {person.role:<10} {person.login:<28} {person.name}")
    console.print("\nStop with Ctrl+C. What you did is kept; start anew with --reset.\n")
