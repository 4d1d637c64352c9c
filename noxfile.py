"""The repository's own sessions, named as a contributor thinks. `nox -l` lists them."""

import nox

nox.needs_version = ">=2025.2"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "tests"]

PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def run(session: nox.Session, *arguments: str) -> None:
    """Run a tool of the workspace's environment, at the versions of the lock file."""
    session.run("uv", "run", "--locked", *arguments, external=True)


@nox.session
def tests(session: nox.Session) -> None:
    """All tests but the browser's."""
    run(session, "pytest", "-m", "not browser", *session.posargs)


@nox.session
@nox.parametrize("python", PYTHONS)
def pythons(session: nox.Session, python: str) -> None:
    """Unit tests of every package on another Python, in an environment of its own."""
    session.run(
        "uv", "run", "--locked", "--isolated", "--python", python,
        "pytest", "-m", "not browser", "sdk", "kernel", "plugins", *session.posargs, external=True,
    )  # fmt: skip


@nox.session
def lint(session: nox.Session) -> None:
    """Style, dead code, and the arrows of the architecture."""
    run(session, "ruff", "check", ".")
    run(session, "ruff", "format", "--check", ".")
    run(session, "lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Types, strictly."""
    run(session, "mypy")


@nox.session
def browser(session: nox.Session) -> None:
    """The whole story in Chromium, at phone and desktop width."""
    run(session, "pytest", "-m", "browser", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Ratios of this machine, in one run."""
    run(session, "python", "-m", "tests.bench", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Examples and links of the documentation."""
    run(session, "pytest", "tests/docs", *session.posargs)


@nox.session
def plugin(session: nox.Session) -> None:
    """Tests of one plugin: `nox -s plugin -- mall`."""
    name, *rest = session.posargs or session.error("which plugin? nox -s plugin -- mall")
    run(session, "pytest", f"plugins/{name}", *rest)
