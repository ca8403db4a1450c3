"""The package's own source of configs: it reads what Hydra's would read, and leaves other applications alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from consensus_sim.paths import configs_dir
from consensus_sim.study.config import package_configs
from consensus_sim.study.config_names import OPEN_GROUPS
from consensus_sim.study.config_source import SCHEME, WHOLE_GROUPS, PackageConfigs

FILES = sorted(configs_dir().rglob("*.yaml"))


def source() -> PackageConfigs:
    return PackageConfigs("test", f"{SCHEME}://{configs_dir()}")


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(configs_dir())) for path in FILES])
def test_every_file_is_read_as_omegaconf_reads_it(path: Path):
    found = source().load_config(path.relative_to(configs_dir()).with_suffix("").as_posix()).config
    assert OmegaConf.to_container(found) == OmegaConf.to_container(OmegaConf.load(path))


def test_open_groups_hold_every_file_under_its_name():
    whole = source().load_config(WHOLE_GROUPS).config
    assert list(whole) == list(OPEN_GROUPS)
    for group in OPEN_GROUPS:
        assert dict(whole[group]) == {
            path.stem: OmegaConf.load(path) for path in sorted((configs_dir() / group).glob("*.yaml"))
        }


def test_another_application_of_hydra_does_not_see_the_package(tmp_path):
    (tmp_path / "outer.yaml").write_text("a: 1\n", encoding="utf-8")
    with package_configs():
        assert WHOLE_GROUPS not in GlobalHydra.instance().config_loader().get_group_options("")
    with initialize_config_dir(config_dir=str(tmp_path), version_base="1.3"):
        assert hydra_compose(config_name="outer").a == 1
        paths = [each.path for each in GlobalHydra.instance().config_loader().get_search_path().get_path()]
    assert not any(path.startswith(SCHEME) for path in paths)
