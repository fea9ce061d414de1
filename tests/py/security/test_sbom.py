"""The bill of materials: of the form that readers expect, and of what is really there."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from host import host_under_test

ROOT = Path(__file__).parents[3]
Bill = dict[str, Any]


def bill_of(*options: str | Path) -> Bill:
    given = ["--python", sys.executable, "--program", host_under_test(), *options]
    ended = subprocess.run([ROOT / "scripts/sbom", *given], capture_output=True, text=True, timeout=60, check=True)
    bill: Bill = json.loads(ended.stdout)
    return bill


@pytest.fixture(scope="module")
def bill() -> Bill:
    return bill_of()


def part(bill: Bill, reference: str) -> Bill:
    (found,) = [each for each in bill["components"] if each["bom-ref"] == reference]
    return found


def test_it_has_the_form_of_a_cyclonedx_bill(bill: Bill) -> None:
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.5", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", bill["metadata"]["timestamp"])
    allowed = {"type", "bom-ref", "name", "version", "purl", "hashes", "licenses", "externalReferences", "properties"}
    for each in [bill["metadata"]["component"], *bill["components"]]:
        assert {"type", "bom-ref", "name", "version"} <= each.keys() <= allowed
        assert each["type"] in ("application", "library")
        assert re.fullmatch(r"pkg:(deb/debian|pypi|github/[^/]+)/[^@]+@\S+", each["purl"]), each
        for digest in each.get("hashes", []):
            assert digest["alg"] == "SHA-256"
            assert re.fullmatch("[0-9a-f]{64}", digest["content"])


def test_its_references_are_single_and_lead_somewhere(bill: Bill) -> None:
    references = [each["bom-ref"] for each in [bill["metadata"]["component"], *bill["components"]]]
    assert len(references) == len({*references})
    needed = [each["ref"] for each in bill["dependencies"]]
    needed += [below for each in bill["dependencies"] for below in each["dependsOn"]]
    assert {*needed} == {*references}


def test_it_tells_our_version_and_the_python_packages_that_are_installed(bill: Bill) -> None:
    assert bill["metadata"]["component"]["version"] == importlib.metadata.version("pais")
    for name in ("pydantic-ai-slim", "pydantic-core", "anyio"):
        assert part(bill, f"python/{name}")["version"] == importlib.metadata.version(name)
    assert not any(each["name"] in ("pytest", "ruff", "GTest", "googletest") for each in bill["components"])


def test_it_tells_what_the_host_is_compiled_with_and_what_it_loads(bill: Bill) -> None:
    needs = re.findall(r"^pais_need\((\w+)", (ROOT / "cmake/PaisDependencies.cmake").read_text(), re.MULTILINE)
    assert {f"library/{name}" for name in needs if name != "googletest"} <= {
        each["bom-ref"] for each in bill["components"]
    }
    for line in subprocess.run(
        ["ldd", host_under_test()], capture_output=True, text=True, check=True
    ).stdout.splitlines():
        if found := re.search(r"=> (/\S+)", line):
            file = Path(found[1]).resolve()
            (digest,) = part(bill, f"loaded/{file.name}")["hashes"]
            assert digest["content"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_what_was_fetched_is_told_by_its_commit(tmp_path: Path) -> None:
    pinned = re.findall(r"pais_sources\((\w+) (\S+) (\S+)\)", (ROOT / "cmake/PaisFetch.cmake").read_text())
    assert all(re.fullmatch("[0-9a-f]{40}", commit) for _, _, commit in pinned)
    for name, _, _ in pinned:
        (tmp_path / "_deps" / f"{name}-src").mkdir(parents=True)

    bill = bill_of("--build", tmp_path)

    for name, url, commit in pinned:
        place = url.removeprefix("https://github.com/").removesuffix(".git").lower()
        assert part(bill, f"library/{name}")["purl"] == f"pkg:github/{place}@{commit}"


def test_the_same_parts_make_the_same_bill(bill: Bill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")

    again = bill_of()

    assert again["metadata"]["timestamp"] == "1970-01-01T00:00:00Z"
    assert {**again, "metadata": None} == {**bill, "metadata": None}
