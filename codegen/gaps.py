"""Find what operations of the specification still lack: a method, a handler in the emulator."""

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from openapi_python_client.schema import UntrustedString
from openapi_python_client.strings import PythonIdentifier

from codegen.spec import Document, Facts, operations

RESOURCES = "overlay/bytehouse/_async/resources"
HANDLERS = "emulator/bytehouse_emulator/handlers"
PROBES = "overlay/bytehouse/_recovery/probes.py"


def gaps(document: Document, sources: Path) -> Iterator[str]:
    """Yield, for each operation, what it lacks and the file where that belongs.

    Args:
        document: The specification.
        sources: Directory of the client's methods.
    """
    # They need the overlay, which needs generated/, and the emulator, which is an extra.
    from codegen.upstream.methods import methods

    importlib.import_module("bytehouse_emulator.handlers")
    from bytehouse_emulator.calls.call import HANDLERS as HANDLED

    facts_of = operations(document)
    sent = {name: found[0].module.stem for name, found in methods(sources, document).items()}
    handled = {name: one.run.__module__.rpartition(".")[2] for name, one in HANDLED.items()}
    for name, facts in facts_of.items():
        if name not in sent:
            place = _place(facts, facts_of, sent)
            probe = f", and its probe into {PROBES}" if facts.retry == "read-back" else ""
            yield f"{name}: no method sends it: write one into {RESOURCES}/{place}.py{probe}"
        if name not in handled:
            place = _place(facts, facts_of, handled)
            yield (
                f"{name}: the emulator answers 501 and no permission rule covers it: write a "
                f"handler, with the permission it requires, into {HANDLERS}/{place}.py"
            )


def _place(facts: Facts, known: Mapping[str, Facts], modules: Mapping[str, str]) -> str:
    """Return the module of the operation of its tag with the most similar path, or a new one."""
    steps = facts.path.split("/")
    near = {
        modules[name]: sum(a == b for a, b in zip(steps, other.path.split("/"), strict=False))
        for name, other in known.items()
        if other.tag == facts.tag and name in modules
    }
    return max(
        near, key=near.__getitem__, default=PythonIdentifier(UntrustedString(facts.tag), "tag")
    )
