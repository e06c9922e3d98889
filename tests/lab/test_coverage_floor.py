"""The floor of the coverage: each module for itself."""

import json
from pathlib import Path

from scripts.lab.coverage_floor import modules_below


def test_each_module_counts(tmp_path: Path) -> None:
    """One that is below is named, however well the others do."""
    figures = {"good.py": 100.0, "fair.py": 95.0, "poor.py": 94.9}
    files = {name: {"summary": {"percent_covered": one}} for name, one in figures.items()}
    report = tmp_path / "coverage.json"
    report.write_text(json.dumps({"files": files}))
    assert modules_below(report, 95) == ["poor.py: 94.9 %"]
