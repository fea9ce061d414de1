"""What a newcomer types first."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_quickstart_shows_an_answered_question_and_ends() -> None:
    outcome = subprocess.run(
        [ROOT / "scripts" / "quickstart", "--once"], capture_output=True, text=True, timeout=1200, check=False
    )

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "Agent:  Hello! I am an agent that PAIS serves" in outcome.stdout
    assert "The agent answers at http://127.0.0.1:" in outcome.stdout


def test_a_wrong_word_ends_a_script_with_its_usage() -> None:
    for script in ("quickstart", "test", "fuzz"):
        outcome = subprocess.run(
            [ROOT / "scripts" / script, "--onse"], capture_output=True, text=True, timeout=60, check=False
        )

        assert outcome.returncode == 1
        assert f"usage: scripts/{script}" in outcome.stderr
