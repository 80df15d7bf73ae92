"""The models that openapi-python-client makes of openapi.yaml with its own templates."""

import importlib
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

OPENAPI = Path(__file__).parents[1] / "openapi.yaml"


def models() -> ModuleType:
    """Generate a client into a temporary directory, and import the models it has."""
    with TemporaryDirectory() as directory:
        config = Path(directory) / "config.yaml"
        config.write_text("post_hooks: []\n", "utf-8")  # formatting changes nothing in what it does
        command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
        command += ["--path", str(OPENAPI), "--config", str(config)]
        package = Path(directory) / "stock_client"
        command += ["--output-path", str(package)]
        subprocess.run(command, check=True, capture_output=True)
        sys.path.insert(0, directory)
        return importlib.import_module("stock_client.models")
