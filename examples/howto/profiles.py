"""Keep settings in a file, a profile for each purpose."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from bytehouse import ByteHouse

PROFILES = f"""
[default]
host = "{os.environ["BYTEHOUSE_HOST"]}"
api_key = "env:BYTEHOUSE_API_KEY"

[nightly]
host = "{os.environ["BYTEHOUSE_HOST"]}"
api_key = "env:BYTEHOUSE_API_KEY"
role = "AccountAdmin"
warehouse = "etl"
deadline = 1800
"""

with TemporaryDirectory() as folder:
    path = Path(folder, "config.toml")  # usually ~/.config/bytehouse/config.toml
    path.write_text(PROFILES)
    with ByteHouse(profile="nightly", config_file=path) as bh:
        print(bh.config.role, bh.config.warehouse, bh.config.deadline)
        print(bh.query("SELECT count() FROM sales.orders").scalar())
