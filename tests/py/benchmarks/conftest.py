from __future__ import annotations

import sys
from pathlib import Path

# At the end, so that nothing of the tests is hidden.
sys.path.append(str(Path(__file__).parents[3] / "bench"))
