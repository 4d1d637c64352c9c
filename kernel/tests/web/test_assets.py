"""The build hook: when it builds again, what it writes and says; and that its result is whole and light."""

import gzip
import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "headgate_kernel/web/static"
TEMPLATES = ROOT / "headgate_kernel/web/templates"


def load_hook():
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hook = load_hook()


@pytest.fixture
def source(tmp_path):
    """A kernel folder with just what the hash looks at."""
    assets = tmp_path / hook.ASSETS
    (assets / "js").mkdir(parents=True)
    (assets / "js/app.js").write_text("let a = 1;")
    for name in ("hatch_build.py", "package.json", "package-lock.json"):
        (tmp_path / name).write_text("{}")
    return tmp_path


def test_the_same_sources_hash_the_same_and_any_edit_or_rename_changes_it(source):
    before = hook.hash_inputs(source)
    assert hook.hash_inputs(source) == before

    (source / "package-lock.json").write_text('{"lockfileVersion": 3}')
    relocked = hook.hash_inputs(source)
    (source / hook.ASSETS / "js/app.js").rename(source / hook.ASSETS / "js/other.js")
    renamed = hook.hash_inputs(source)

    assert len({before, relocked, renamed}) == 3


def test_outputs_carry_their_hash_in_the_name_and_the_manifest_finds_them(tmp_path):
    hook.write_static(tmp_path, {"app.css": b"a{}", "app.js": b"1"}, "inputs-1")

    files = json.loads((tmp_path / "manifest.json").read_text())["files"]
    assert re.fullmatch(r"app-[0-9a-f]{10}\.css", files["app.css"])
    assert (tmp_path / files["app.css"]).read_bytes() == b"a{}"
    assert gzip.decompress((tmp_path / f"{files['app.js']}.gz").read_bytes()) == b"1"


def test_a_second_build_drops_the_files_of_the_first_and_keeps_names_of_equal_content(tmp_path):
    hook.write_static(tmp_path, {"app.css": b"a{}", "app.js": b"1"}, "inputs-1")
    first = json.loads((tmp_path / "manifest.json").read_text())["files"]
    hook.write_static(tmp_path, {"app.css": b"b{}", "app.js": b"1"}, "inputs-2")
    second = json.loads((tmp_path / "manifest.json").read_text())["files"]

    assert second["app.js"] == first["app.js"]
    assert not (tmp_path / first["app.css"]).exists()
    assert len(list(tmp_path.iterdir())) == 5


def test_nothing_is_built_when_inputs_are_unchanged_and_a_lost_file_is_built_again(source, monkeypatch):
    static = source / hook.STATIC
    hook.write_static(static, {"app.js": b"1"}, hook.hash_inputs(source))
    assert hook.build_assets(source) is False

    next(static.glob("app-*.js")).unlink()
    assert not hook.is_current(static, hook.hash_inputs(source))


def test_a_half_written_manifest_counts_as_not_built(tmp_path):
    (tmp_path / "manifest.json").write_text('{"inputs": "x", "fil')
    assert not hook.is_current(tmp_path, "x")


def test_an_unreachable_registry_is_named_with_what_to_do():
    said = hook.explain_npm_failure("npm error code ENOTFOUND\nnpm error getaddrinfo ENOTFOUND registry")
    assert "could not be reached" in said
    assert "npm_config_registry" in said


def test_a_stale_lockfile_is_told_apart_from_a_missing_network():
    said = hook.explain_npm_failure(
        "npm error code EUSAGE\nnpm error `npm ci` can only install packages when in sync"
    )
    assert "could not be reached" not in said
    assert "package-lock-only" in said


def test_the_sprite_has_one_symbol_per_icon_and_refuses_an_unknown_name(tmp_path):
    (tmp_path / "plus.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="M5 12h14"/></svg>'
    )
    assert hook.icon_sprite(tmp_path, ["plus", "plus"]).count(b'<symbol id="plus"') == 1
    with pytest.raises(hook.AssetBuildError, match="'wheel'"):
        hook.icon_sprite(tmp_path, ["wheel"])


def test_every_icon_that_a_template_names_is_in_the_sprite():
    have = set((ROOT / hook.ASSETS / "icons.txt").read_text().split())
    pattern = re.compile(r"""(?:icon\(|icon_name=|"icon": )["']([a-z0-9-]+)["']""")
    wanted = {name for path in TEMPLATES.rglob("*.html") for name in pattern.findall(path.read_text("utf-8"))}
    wanted -= {"chevron-"}  # the sort arrow: chevron-up or chevron-down
    assert wanted
    assert wanted <= have


def test_no_template_has_an_inline_script_or_handler_or_style():
    inline = re.compile(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=|\shx-on", re.IGNORECASE)
    pages = [
        path for path in TEMPLATES.rglob("*.html") if path.parent.name != "messages"
    ]  # mails have no files
    assert [path.name for path in pages if inline.search(path.read_text("utf-8"))] == []


def test_the_built_files_are_whole_and_a_first_load_stays_under_45_kilobytes():
    files = json.loads((STATIC / "manifest.json").read_text())["files"]
    assert {"app.js", "app.css", "early.js", "icons.svg"} <= files.keys()
    for name, hashed in files.items():
        assert hook.hashed_name(name, (STATIC / hashed).read_bytes()) == hashed
    first_load = sum(
        (STATIC / f"{files[name]}.gz").stat().st_size
        for name in ("app.js", "app.css", "early.js", "icons.svg")
    )
    assert first_load < 45_000
