"""Run the `bytehouse-emulator` command as `python -m bytehouse_emulator`."""

from ._server import main

main()
