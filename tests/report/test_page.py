"""The report page is whole, self-contained, accessible, and the same each time."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont

from consensus_sim.catalogue import LANGUAGES, label_of, metric, metric_names, texts
from consensus_sim.community import load_community
from consensus_sim.community.marginals import marginals
from consensus_sim.errors import InputError
from consensus_sim.report.page import Notes, Output, Results, write_report
from consensus_sim.study.config import compose


class Page(HTMLParser):
    """Elements with their attributes, and the text that a reader sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def write(sample: dict[str, Any], folder: Path, output: Output | None = None, precision: str = "") -> list[Path]:
    """Write the report of `sample` into `folder`."""
    output = output or Output(figures=False)
    names = ("tables", "summary", "contrasts", "community", "scenarios", "reference")
    notes = Notes(
        sample["question"][output.language],
        assumptions=sample["assumptions"],
        precision=[precision],
        provenance=sample["provenance"],
    )
    return write_report(Results(**{name: sample[name] for name in names}), notes, folder, output)


@pytest.fixture(scope="module")
def pages(
    make_sample: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[str, list[Path], Path]]:
    found = {}
    for language in LANGUAGES:
        folder = tmp_path_factory.mktemp(language)
        files = write(make_sample(replicates=4), folder, Output(language))
        found[language] = ((folder / "report.html").read_text(encoding="utf-8"), files, folder)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_file_is_returned_and_exists(pages: dict[str, Any], language: str) -> None:
    _, files, folder = pages[language]
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == sorted(files)
    names = {path.relative_to(folder).as_posix() for path in files}
    figures = {f"figures/{name}.png" for name in ("forecasts", "contrasts", "consensus", "groups", "map")}
    assert names == {"report.html", *figures}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_needs_no_network(pages: dict[str, Any], language: str) -> None:
    text = pages[language][0]
    page = Page(text)
    for _, attributes in page.elements:
        for name in ("src", "href", "action", "srcset", "poster"):
            if name in attributes:
                assert str(attributes[name]).startswith(("data:", "#"))
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.elements}
    assert all(place.startswith("data:") for place in re.findall(r"url\(([^)]*)\)", text))
    assert "@import" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_accessible(pages: dict[str, Any], language: str) -> None:
    page = Page(pages[language][0])
    assert page.open == []
    assert page.all("html")[0]["lang"] == {"zh": "zh-CN", "en": "en"}[language]
    assert len(page.all("img")) == 5
    assert all(image["alt"] and image["width"] and image["height"] for image in page.all("img"))
    assert all(cell.get("scope") in ("row", "col") for cell in page.all("th"))
    targets = {attributes.get("id") for _, attributes in page.elements}
    assert all(str(link["href"])[1:] in targets for link in page.all("a"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_states_question_definitions_limits_and_provenance(pages: dict[str, Any], language: str) -> None:
    words = Page(pages[language][0]).words
    assert {"zh": "四项措施会带来什么？", "en": "What would the four interventions bring?"}[language] in words
    for name in metric_names():
        assert metric(name).definition(language) in words
    limits = [one[language] for key, one in texts().items() if key.startswith("limit.")]
    assert len(limits) == 12
    assert all(limit in words for limit in limits)
    assert {"zh": "版本 abc, 有改动 否", "en": "revision abc, changed no"}[language] in words


def test_every_row_gives_its_standard_error_and_the_page_its_precision(
    make_sample: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    sample = make_sample(replicates=3, names=["council", "points"])
    said = "Reached <exactly>."
    write(sample, tmp_path, precision=said)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert said in page.words
    summary = sample["summary"]
    largest = summary[(summary["metric"] == "trust") & (summary["group"] == "all")]["standard_error"].max()
    assert f"±{largest:.4f}" in page.words
    errors = [cell for cell in page.all("td") if cell.get("class") == "error"]
    assert len(errors) > summary["metric"].nunique()


@pytest.mark.parametrize(
    ("replicates", "said"),
    [
        (4, "nothing can be called clear"),
        (5, "perhaps through noise alone"),
        (19, "perhaps through noise alone"),
        (20, ""),
    ],
)
def test_a_caution_stands_beside_few_replicates(
    make_sample: Callable[..., dict[str, Any]], tmp_path: Path, replicates: int, said: str
) -> None:
    sample = make_sample(replicates=replicates, names=["council", "points"])
    write(sample, tmp_path)
    words = Page((tmp_path / "report.html").read_text(encoding="utf-8")).words
    assert (f"Only {replicates} replicates" in words) == bool(said)
    assert said in words


def test_verdicts_name_the_reference(pages: dict[str, Any]) -> None:
    assert Page(pages["en"][0]).words.count("against Council as carried out") == 6


def test_what_users_write_is_only_text(pages: dict[str, Any]) -> None:
    assert "All places are invented &lt;b&gt;&amp;&lt;/b&gt; square." in pages["en"][0]


def test_the_chinese_page_carries_every_letter_that_it_needs(pages: dict[str, Any]) -> None:
    text = pages["zh"][0]
    found = re.search(r"data:font/woff;base64,([A-Za-z0-9+/=]+)", text)
    assert found
    font = TTFont(io.BytesIO(base64.b64decode(found[1])))
    missing = {one for one in Page(text).words if not one.isspace()} - {chr(code) for code in font.getBestCmap()}
    assert missing == set()
    assert "font/woff" not in pages["en"][0]


@pytest.mark.parametrize("name", ["case_study", "teaching"])
def test_sources_of_a_shipped_community_are_in_chinese(name: str) -> None:
    sources = {str(source) for source in marginals(load_community(name))["source"]}
    worded = [source for source in sources if re.search("[a-z]{3}", source)]
    assert worded and all("\u4e00" <= max(label_of("marginal_source", each, "zh")) for each in worded)


def test_the_same_numbers_give_the_same_bytes(make_sample: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    sample = make_sample(replicates=2, names=["council", "points"])
    kept = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        kept.append([path.read_bytes() for path in write(sample, tmp_path / name, Output("zh"))])
    assert kept[0] == kept[1]


def test_one_scenario_on_a_real_community(make_sample: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    sample = make_sample(replicates=2, names=["council"])
    sample["community"] = load_community("teaching")
    sample["tables"] = {"weekly": sample["tables"]["weekly"]}
    files = write(sample, tmp_path, Output())
    assert {path.name for path in files} == {"forecasts.png", "consensus.png", "groups.png", "report.html"}
    words = Page((tmp_path / "report.html").read_text(encoding="utf-8")).words
    assert "One scenario was simulated, with 2 replicates over 13 months (56 weeks)." in words
    assert "Only 2 replicates: the intervals are no more than the range of these few" in words
    assert "reference" not in words


def test_figures_and_page_can_be_left_out(make_sample: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    sample = make_sample(replicates=2, names=["council", "points"])
    assert write(sample, tmp_path, Output(figures=False, html=False)) == []
    assert list(tmp_path.iterdir()) == []
    page = write(sample, tmp_path)
    assert [path.name for path in page] == ["report.html"]
    assert Page(page[0].read_text(encoding="utf-8")).all("img") == []


@pytest.mark.parametrize(("name", "value"), [("language", "fr"), ("reference", "nobody"), ("dpi", 5)])
def test_wrong_input_writes_nothing(
    make_sample: Callable[..., dict[str, Any]], tmp_path: Path, name: str, value: str | int
) -> None:
    sample = make_sample(replicates=2, names=["council"])
    with pytest.raises(InputError, match=f"{name}: found '?{value}'?"):
        if name == "reference":
            write({**sample, name: value}, tmp_path)
        else:
            write(sample, tmp_path, Output(**{name: value}))  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


PLAIN = ("先验", "后验", "参数组", "CRPS", "蒙特卡洛", "方差", "置信区间", "显著", "重复次数")
"""Terms that a planner does not know."""


def test_the_chinese_page_uses_no_term_of_statistics(pages: dict[str, Any]) -> None:
    words = Page(pages["zh"][0]).words + "".join(compose()["report"]["assumptions"]["zh"])
    everything = "".join(
        each["zh"] for key, each in texts().items() if key.startswith(("report.", "certainty.", "table."))
    )
    assert [term for term in PLAIN if term in words or term in everything] == []
