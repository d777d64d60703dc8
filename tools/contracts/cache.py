"""Where everything of these scripts goes; nothing of it belongs into the repository."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("SPILLWAY_CONTRACTS_DIR", ROOT / ".cache/contracts"))
