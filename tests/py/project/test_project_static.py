"""A pais-host to carry away is linked to archives, and to the C library alone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
PATIENCE = 300


def test_a_static_host_is_linked_to_archives(tmp_path: Path) -> None:
    httplib = tmp_path / "httplib"
    httplib.mkdir()
    (httplib / "httplib.h").write_text("")
    options = ["-DPAIS_STATIC=ON", "-DPAIS_BUILD_TESTS=OFF", f"-DFETCHCONTENT_SOURCE_DIR_HTTPLIB={httplib}"]

    outcome = subprocess.run(
        ["cmake", "-S", ROOT, "-B", tmp_path / "build", "-G", "Ninja", *options],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert outcome.returncode == 0, outcome.stderr
    plan = (tmp_path / "build" / "build.ninja").read_text()
    link = plan[plan.index("build cpp/host/pais-host: ") :].split("\n\n")[0]
    for library in ("hiredis", "nghttp2", "sqlite3", "ssl", "crypto", "z"):
        assert re.search(rf"/lib{library}\.a\b", link), f"{library} is no archive: {link}"
    assert not re.findall(r"\S+\.so\b", link)
    assert "-static-libstdc++" in link
