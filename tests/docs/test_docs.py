"""The documentation says what is there: links lead somewhere, examples run, every dependency is explained."""

import json
import re
import tomllib
from pathlib import Path
from types import ModuleType

import jsonschema
import msgspec
import pytest
from headgate_kernel.plugins.discovery import InstalledPlugin
from headgate_kernel.plugins.host import PluginHost
from headgate_sdk.blueprint import Blueprint

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "data" / "README.md",
        ROOT / "tenants" / "README.md",
    ]
)
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
BLUEPRINTS = sorted((ROOT / "tenants").glob("*/tenant.toml"))


def name_of(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_that_exist(page):
    targets = [target for target, _ in LINK.findall(page.read_text()) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_examples_run(page):
    for number, code in enumerate(BLOCK.findall(page.read_text()), 1):
        module = ModuleType(f"{page.stem}_{number}")
        exec(compile(code, f"{page.name} example {number}", "exec"), vars(module))
        if hasattr(module, "manifest"):
            assert PluginHost([InstalledPlugin(module.manifest, module)]).installed


def test_every_dependency_is_explained():
    explained = (ROOT / "docs" / "dependencies.md").read_text().lower()
    wanted = set()
    for path in [
        ROOT / "pyproject.toml",
        *ROOT.glob("*/pyproject.toml"),
        *ROOT.glob("plugins/*/pyproject.toml"),
    ]:
        project = tomllib.loads(path.read_text())
        groups = project.get("dependency-groups", {}).values()
        listed = [*project["project"].get("dependencies", []), *(name for group in groups for name in group)]
        wanted |= {re.split(r"[\[<>=;~! ]", entry)[0].lower() for entry in listed}
    package = json.loads((ROOT / "kernel" / "package.json").read_text())
    wanted |= {*package.get("dependencies", {}), *package.get("devDependencies", {})}
    assert sorted(name for name in wanted if not name.startswith("headgate-") and name not in explained) == []


def test_coverage_has_a_line_for_every_requirement_and_every_proof_exists():
    rows = [
        line.split("|")
        for line in (ROOT / "docs" / "coverage.md").read_text().splitlines()
        if re.match(r"\| [A-V]\d\d ", line)
    ]
    ids = [row[1].strip() for row in rows]
    assert len(ids) == len(set(ids)) == 319
    assert ids == sorted(ids)
    for row in rows:
        status, proof = row[3].strip(), row[4].strip()
        assert status in {"done", "partly", "not yet"}, row[1]
        paths = re.findall(r"`([^`]+\.py)(?:::[^`]*)?`", proof)
        assert status == "not yet" or paths, f"{row[1]} names no proof"
        assert [path for path in paths if not (ROOT / path).exists()] == [], row[1]


@pytest.mark.parametrize("path", BLUEPRINTS, ids=name_of)
def test_blueprints_fit_their_published_schema_and_the_code_that_reads_them(path):
    schema = json.loads((ROOT / "tenants" / "blueprint.schema.json").read_text())
    jsonschema.validate(tomllib.loads(path.read_text()), schema)
    assert msgspec.toml.decode(path.read_bytes(), type=Blueprint).profile.slug
