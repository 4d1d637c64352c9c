"""Read `tenant.toml`: syntax and shape, with everything that does not fit told by its place."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path as FilePath
from typing import Any

import msgspec
from headgate_sdk.blueprint import Blueprint, BlueprintProblem, Profile
from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_

from headgate_kernel.tenancy.blueprints.positions import Positions
from headgate_kernel.tenancy.blueprints.problems import BlueprintError, InvalidBlueprint, path_text
from headgate_kernel.tenancy.mending import mended
from headgate_kernel.tenancy.shape import Fault, find_faults
from headgate_kernel.tenancy.tenants import profile_problems

FILE_NAME = "tenant.toml"
_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)$")


class Source(msgspec.Struct, frozen=True):
    """A blueprint with the file that it was read from.

    Args:
        folder: of the blueprint; files of the sample are named relative to it.
        text: of `tenant.toml`.
        blueprint: what it says.
    """

    folder: FilePath
    text: str
    blueprint: Blueprint

    @property
    def file(self) -> FilePath:
        """The file itself."""
        return self.folder / FILE_NAME

    def invalid(self, problems: Iterable[BlueprintProblem]) -> InvalidBlueprint:
        """Make the error that tells all of these."""
        return InvalidBlueprint(self.file, locate(self.folder, self.text, problems))


def read_blueprint(folder: FilePath) -> Blueprint:
    """Read a blueprint; see `read_source`."""
    return read_source(folder).blueprint


def read_source(folder: FilePath) -> Source:
    """Read a blueprint and keep its text.

    Raises:
        NotFound: there is none in the folder.
        InvalidBlueprint: everything that is wrong with its syntax or shape.
    """
    source, problems = parse_source(folder, read_text(folder))
    if problems:
        raise source.invalid(problems)
    return source


def read_text(folder: FilePath) -> str:
    """Read the text of a blueprint.

    Raises:
        NotFound: there is none in the folder.
        InvalidBlueprint: it is not UTF-8.
    """
    path = folder / FILE_NAME
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(N_("There is no blueprint at {path}."), path=str(path)) from None
    except OSError as error:
        raise NotFound(
            N_("{path} cannot be read: {reason}"), path=str(path), reason=error.strerror or str(error)
        ) from error
    try:
        return raw.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        where = f"{path}:{line}:{column}"
        told = BlueprintError(N_("This is not UTF-8. Save the file as UTF-8."), where=where)
        raise InvalidBlueprint(path, [told]) from None


def parse_source(folder: FilePath, text: str) -> tuple["Source", list[BlueprintProblem]]:
    """Make a blueprint of its text, of what is sound of it at least.

    Returns:
        The blueprint, and what is wrong with its shape; with any such problem it is only fit to be looked at
        for more of them.

    Raises:
        InvalidBlueprint: the text is no TOML, or nothing sound is left.
    """
    path = folder / FILE_NAME
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidBlueprint(path, [_syntax(path, text, str(error))]) from None
    faults = find_faults(document, Blueprint)
    problems = [BlueprintProblem(one.path, *_best_words(one, document)) for one in faults]
    sound = mended(document, Blueprint, faults) if faults else document
    if sound is None:
        raise InvalidBlueprint(path, locate(folder, text, problems))
    return Source(folder, text, msgspec.convert(sound, Blueprint)), problems


def _best_words(fault: Fault, document: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Say of a profile's field what is better said than that it lacks a form."""
    if "form" in fault.params and fault.path[0] == "profile":
        told = {problem.field: problem for problem in profile_problems(_loose_profile(document["profile"]))}
        if better := told.get(path_text(fault.path)):
            return better.message, {name: str(value) for name, value in better.params.items()}
    return fault.message, fault.params


def _loose_profile(given: dict[str, Any]) -> Profile:
    fields = {field.name for field in msgspec.structs.fields(Profile)}
    usual = Profile(slug="xx", name="x", currency="CNY", timezone="UTC")
    return msgspec.structs.replace(
        usual, **{name: value for name, value in given.items() if name in fields and isinstance(value, str)}
    )


def locate(folder: FilePath, text: str, problems: Iterable[BlueprintProblem]) -> list[BlueprintError]:
    """Give problems with their places, in the order of the file."""
    positions = Positions(text)
    placed: list[tuple[tuple[int, int], BlueprintError]] = []
    for problem in problems:
        about_name = problem.path and problem.params.get("name") == problem.path[-1]
        at = positions.of_key(problem.path) if about_name else positions.of(problem.path)
        where = f"{folder / FILE_NAME}:{at.line}:{at.column}"
        error = BlueprintError(problem.message, where=where, field=path_text(problem.path), **problem.params)
        placed.append(((at.line, at.column), error))
    return [error for _, error in sorted(placed, key=lambda one: one[0])]


def _syntax(path: FilePath, text: str, told: str) -> BlueprintError:
    found = _PLACE.search(told)
    if found is None:  # at the end of the document
        line, column = text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1
    else:
        line, column = int(found[1]), int(found[2])
        told = told[: found.start()].strip()
    told = told.removesuffix("(at end of document)").strip()
    return BlueprintError(N_("This is not TOML: {reason}."), where=f"{path}:{line}:{column}", reason=told)
