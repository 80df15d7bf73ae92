"""The control API under `/_emulator/`, and seeds."""
