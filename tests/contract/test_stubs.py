"""The committed stubs are those that the protos give, and the protos keep their rules."""

import filecmp
import subprocess
import sys
from pathlib import Path

from tests.support.places import ROOT


def test_stubs_are_not_stale(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "scripts" / "generate_stubs.py", tmp_path], check=True)
    fresh = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.py*"))
    committed = sorted(path.relative_to(ROOT) for path in (ROOT / "likeness").rglob("*.py*") if path.suffix != ".pyc")
    assert fresh == committed, "run `make stubs`"
    stale = [path for path in fresh if not filecmp.cmp(tmp_path / path, ROOT / path, shallow=False)]
    assert not stale, "run `make stubs`"


def test_protos_pass_buf_lint() -> None:
    buf = Path(sys.executable).parent / "buf"
    result = subprocess.run([buf, "lint"], cwd=ROOT / "protos", capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
