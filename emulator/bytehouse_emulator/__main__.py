"""Run the `bytehouse-emulator` command as `python -m bytehouse_emulator`."""

from bytehouse_emulator.cli import main

main()
