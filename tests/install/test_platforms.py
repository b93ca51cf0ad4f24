"""That the lock can be installed on other systems and Pythons: pip finds a file of each package for them.

It downloads them, 10 GB where nothing is in its cache, and installs nothing. Part of `make test-install`.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
# Published as a source only, of pure Python: pip makes a wheel of it anywhere.
SOURCES = {"connection-pool"}
LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
MACOS = {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"}
# glibc 2.34 (Debian 12, Ubuntu 22.04, RHEL 9) and macOS 15, of which pikepdf's files are.
MANYLINUX = [
    "manylinux1",
    "manylinux2010",
    "manylinux2014",
    *(f"manylinux_2_{minor}" for minor in range(5, 35)),
    "linux",
]
SYSTEMS = {
    "linux x86-64": (LINUX | {"platform_machine": "x86_64"}, [f"{name}_x86_64" for name in MANYLINUX]),
    "linux aarch64": (LINUX | {"platform_machine": "aarch64"}, [f"{name}_aarch64" for name in MANYLINUX]),
    "macos arm64": (
        MACOS | {"platform_machine": "arm64"},
        [f"macosx_{major}_0_{kind}" for major in range(11, 16) for kind in ("arm64", "universal2")]
        + [f"macosx_10_{minor}_universal2" for minor in range(9, 17)],
    ),
}


def name_of(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def lock_for(environment: dict) -> dict[str, Requirement]:
    """The lock's packages on a system, by name."""
    lines = [line.split(" #")[0].strip() for line in (ROOT / "envs/requirements.txt").read_text().splitlines()]
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {name_of(one.name): one for one in wanted if not one.marker or one.marker.evaluate(environment)}


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_lock_can_be_installed(system, python, tmp_path):
    described, platforms = SYSTEMS[system]
    environment = described | {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    lock = lock_for(environment)
    listed, report = tmp_path / "requirements.txt", tmp_path / "report.json"
    listed.write_text("\n".join(f"{name}{one.specifier}" for name, one in lock.items() if name not in SOURCES))
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps"]
    command += ["--only-binary=:all:", "--implementation", "cp", "--python-version", python, "--target", tmp_path / "t"]
    command += [part for platform in platforms for part in ("--platform", platform)]
    run = subprocess.run([*command, "--report", report, "--requirement", listed], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-3000:]
    found = {name_of(one["metadata"]["name"]): one["metadata"] for one in json.loads(report.read_text())["install"]}
    assert found.keys() == lock.keys() - SOURCES
    for metadata in found.values():
        assert SpecifierSet(metadata.get("requires_python", "")).contains(f"{python}.0"), metadata["name"]
    assert unmet(found, lock, environment) == []


def unmet(found: dict[str, dict], lock: dict[str, Requirement], environment: dict) -> list[str]:
    """What the packages need on that system and the lock lacks, or has in another version."""
    needs = {
        name: [Requirement(text) for text in metadata.get("requires_dist", [])] for name, metadata in found.items()
    }
    todo, seen, missing = [(name, "") for name in needs], set(), []
    while todo:
        name, extra = todo.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for need in needs.get(name, []):
            if need.marker and not need.marker.evaluate(environment | {"extra": extra}):
                continue
            pin = lock.get(name_of(need.name))
            (version,) = [one.version for one in pin.specifier] if pin else [None]
            if version is None or not need.specifier.contains(version, prereleases=True):
                missing.append(f"{name} needs {need}, the lock has {version}")
            todo += [(name_of(need.name), wanted) for wanted in need.extras]
    return missing
