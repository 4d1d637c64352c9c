import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from .demo import Demo, running_demo
from .guard import Guard
from .visitors import Visitors

ARTEFACTS = Path(__file__).parents[2] / "artefacts" / "browser"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def artefacts() -> Path:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    return ARTEFACTS


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    with tempfile.TemporaryDirectory(prefix="headgate-browser-") as folder:
        # where root runs the tests, the database runs as somebody else and has to get through this folder
        Path(folder).chmod(0o711)
        with running_demo(Path(folder)) as demo:
            yield demo


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium for one module: Playwright holds a loop open, in which no other test can run its own."""
    program = shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(program).exists():
        if os.environ.get("HEADGATE_REQUIRE_BROWSER") == "1":
            pytest.fail("HEADGATE_REQUIRE_BROWSER is set, but there is no `chromium` on the PATH.")
        pytest.skip("There is no `chromium` on the PATH; install it to run the tests of the pages.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


FAILED = pytest.StashKey[bool]()


@pytest.fixture
def guard() -> Guard:
    return Guard()


@pytest.fixture
def visitors(
    request: pytest.FixtureRequest, browser: Browser, demo: Demo, guard: Guard, artefacts: Path
) -> Iterator[Visitors]:
    name = re.sub(r"[^\w.-]+", "-", request.node.name)
    visitors = Visitors(browser, demo, guard, name, artefacts)
    yield visitors
    visitors.close(failed=request.node.stash.get(FAILED, True) or bool(guard.found))
    guard.check()
