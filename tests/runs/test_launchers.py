"""Under Hydra's own launchers a sweep does every job and ends with the exit code of what failed."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_a_sweep_under_a_launcher_tells_what_failed_and_does_the_rest(cli, tmp_path, launcher):
    small = (
        "community=teaching",
        "scenarios=[before]",
        "calendar.weeks=4",
        "report.html=false",
        "report.figures=false",
    )
    done = cli("-m", f"hydra/launcher={launcher}", *small, "engine=serial", "replicates=0,1")
    assert done.returncode == 2
    told = [line for line in done.stderr.splitlines() if line.startswith("consensus-sim: ")]
    assert len(told) == 1 and "job 0" in told[0] and "replicates: found 0" in told[0]
    assert "Traceback" not in done.stderr
    (time,) = (tmp_path / "results" / "compare").iterdir()
    assert sorted(path.name for path in time.iterdir()) == ["1", "sweep.csv"]
    assert (time / "1" / "summary.csv").is_file()
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["compare"]
