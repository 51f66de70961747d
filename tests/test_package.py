"""The wheel carries everything the four floors need at run time, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.test_docs import ROOT, tracked
from tests.test_floors import FLOORS

PROJECT_FILES = ("pyproject.toml", "README.md", "LICENSE")


def test_the_wheel_carries_every_file_of_the_floors(tmp_path: Path):
    ours = {path for path in tracked() if path.split("/")[0] in FLOORS and (ROOT / path).is_file()}
    # Pictures are for readers of the repository, texts to learn from for `make model`.
    ours = {path for path in ours if "/docs/" not in path and "/training/" not in path}
    for path in (*ours, *PROJECT_FILES):
        target = tmp_path / "project" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / path).read_bytes())

    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "-w", tmp_path, tmp_path / "project"], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("kitalotse-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert packed == ours
