"""Make the virtual environment that every `make` target uses, unless it already is as the pins say.

Called by the Makefile as `python requirements/install.py .venv`. It uses the standard library only,
because it runs before anything is installed: the pip that Python brings installs uv, the build back
ends with it, and uv the rest.
"""

import ast
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
import venv

if sys.version_info < (3, 11):
    sys.exit(
        "bytehouse-sdk needs Python 3.11 or newer; %s is %s.\n"
        "Name a newer one, for example: make setup PYTHON=python3.12"
        % (sys.executable, sys.version.split()[0])
    )

import tomllib
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent
ROOT = REQUIREMENTS.parent
# What pip may be configured with, and uv's variable for it: uv reads no configuration of pip.
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_OFFLINE",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
}


def main(directory: str, pinned: str = "dev") -> None:
    """Bring the environment in `directory` in step with the pins, one process at a time.

    `pinned` is the file of `requirements/` that says what goes in: dev, or bench with the peers.
    """
    files = [REQUIREMENTS / "build.txt", REQUIREMENTS / (pinned + ".txt")]
    environment = (ROOT / directory).absolute()
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pins, project = wanted(environment, files)
        have = read_stamps(environment)
        if have == [pins, project]:
            return
        began = time.monotonic()
        if have[:1] != [pins]:
            print("Setting up %s (once; about 400 MB to download) ..." % environment, flush=True)
            create(environment, *files)
            write_stamps(environment, [pins])
        uv(environment, "--no-build-isolation", "--editable", str(ROOT))
        write_stamps(environment, [pins, project])
        print("%s is ready (%.0f s)." % (environment, time.monotonic() - began), flush=True)


def wanted(environment: Path, files: list[Path]) -> tuple[str, str]:
    """Return the digests of the pinned packages and of how the project is installed."""
    pins = hashlib.sha256(repr((str(environment), sys.version, sys.base_prefix)).encode())
    for file in (Path(__file__), *files):
        pins.update(file.read_bytes())
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    hatch = pyproject["tool"]["hatch"]
    version = (ROOT / hatch["version"]["path"]).read_text("utf-8")
    installed = [pyproject["build-system"], pyproject["project"], hatch, version]
    return pins.hexdigest(), hashlib.sha256(json.dumps(installed).encode()).hexdigest()


def stamp_file(environment: Path) -> Path:
    """Return the file that says what a finished environment was made from."""
    return environment / "bytehouse-setup.json"


def read_stamps(environment: Path) -> list[str]:
    """Return the digests that earlier runs left: of each step that came to its end."""
    try:
        return list(json.loads(stamp_file(environment).read_text("utf-8")))
    except (OSError, ValueError):
        return []


def write_stamps(environment: Path, stamps: list[str]) -> None:
    """Record the digests in one step, so that a killed run leaves no half-written stamp."""
    target = stamp_file(environment)
    draft = target.with_suffix(".new")
    draft.write_text(json.dumps(stamps), "utf-8")
    draft.replace(target)


def create(environment: Path, build: Path, pinned: Path) -> None:
    """Make the environment afresh and install the pinned packages, each checked by its hash."""
    try:
        venv.create(environment, clear=True, symlinks=True, with_pip=True)
    except subprocess.CalledProcessError:
        sys.exit(
            "Python's venv module could not install pip. On Debian and Ubuntu it is a package of "
            "its own: apt install python3-venv"
        )
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "-qq", "--no-compile"]
    pip += ["--disable-pip-version-check", "--no-deps", "--require-hashes", "--requirement"]
    run([*pip, str(build)], {})
    uv(environment, "--no-build-isolation", "--require-hashes", "--requirement", str(pinned))


def uv(environment: Path, *arguments: str) -> None:
    """Run `uv pip install` for what is named and nothing else: the pins are complete."""
    python = str(environment / "bin" / "python")
    command = [str(environment / "bin" / "uv"), "pip", "install", "--quiet", "--no-deps"]
    run([*command, "--python", python, *arguments], indexes(python))


def run(command: list[str], variables: dict[str, str]) -> None:
    """Run a command; its own message is the error when it fails.

    What is set in the environment comes before `variables`.
    """
    unwanted = {"PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_USER"}
    inherited = {name: value for name, value in os.environ.items() if name not in unwanted}
    if subprocess.run(command, check=False, env=variables | inherited).returncode:
        sys.exit("Setting up failed; the message is above. Run `make setup` to try again.")


def indexes(python: str) -> dict[str, str]:
    """Return uv's variables for what pip is configured with: package indexes and the way there."""
    command = [python, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    options: dict[str, str] = {}
    for section in ("global.", "install.", ":env:."):  # the later comes before the earlier
        for name, _, value in (line.partition("=") for line in lines):
            if name.startswith(section):
                options[name.removeprefix(section)] = ast.literal_eval(value)
    # pip takes the best of all indexes; as every file is checked by its hash, uv may too.
    variables = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for option, variable in PIP_TO_UV.items():
        if values := options.get(option, "").split():
            variables[variable] = ("," if option == "find-links" else " ").join(values)
    return variables


if __name__ == "__main__":
    main(*sys.argv[1:])
