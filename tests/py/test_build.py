"""Configuring on a machine that lacks a library."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def configure(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["cmake", "-S", str(ROOT), "-B", str(folder / "build"), "-G", "Ninja", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def pkg_config_without(module: str, folder: Path) -> str:
    """A pkg-config that has never heard of one module."""
    script = folder / "pkg-config"
    script.write_text(f'#!/bin/sh\ncase "$*" in *{module}*) exit 1 ;; esac\nexec {shutil.which("pkg-config")} "$@"\n')
    script.chmod(0o755)
    return f"-DPKG_CONFIG_EXECUTABLE={script}"


@pytest.mark.parametrize(
    ("library", "package", "hidden_by"),
    [
        ("nlohmann_json", "nlohmann-json3-dev", "-DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON"),
        ("openssl", "libssl-dev", "-DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON"),
        ("zlib", "zlib1g-dev", "-DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON"),
        ("httplib", "libcpp-httplib-dev", "pkg-config cpp-httplib"),
        ("hiredis", "libhiredis-dev", "pkg-config hiredis"),
        ("nghttp2", "libnghttp2-dev", "pkg-config libnghttp2"),
        ("sqlite", "libsqlite3-dev", "-DCMAKE_DISABLE_FIND_PACKAGE_SQLite3=ON"),
        ("protozero", "libprotozero-dev", "-Dprotozero_INCLUDE_DIR="),
        ("googletest", "libgmock-dev", "-DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON"),
    ],
)
def test_a_missing_library_ends_the_configuration_with_one_sentence(
    library: str, package: str, hidden_by: str, tmp_path: Path
) -> None:
    if hidden_by.startswith("pkg-config "):
        hidden_by = pkg_config_without(hidden_by.removeprefix("pkg-config "), tmp_path)

    outcome = configure(tmp_path, hidden_by)

    assert outcome.returncode != 0
    told = " ".join(outcome.stderr.split())
    assert f"PAIS needs {library}: install the Debian package {package} or configure with" in told
    assert told.count("CMake Error at") == 1
