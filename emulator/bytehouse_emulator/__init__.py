"""A local ByteHouse for demonstrations and tests.

It serves the operations of the ByteHouse Public API over HTTP, and runs SQL on a real ClickHouse
engine. Start it with the command `bytehouse-emulator`, or from Python with `running_emulator`.
"""

from bytehouse_emulator.testing import RunningEmulator, running_emulator

__all__ = ["RunningEmulator", "running_emulator"]
