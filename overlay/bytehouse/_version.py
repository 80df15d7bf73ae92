"""Know which version this is."""

import sys

__version__ = "0.1.0.dev0"
USER_AGENT = f"bytehouse-sdk/{__version__} python/{sys.version.split()[0]} {sys.platform}"
