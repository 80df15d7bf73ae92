"""Run the `bytehouse` command as `python -m bytehouse_cli`."""

from . import main

main()
