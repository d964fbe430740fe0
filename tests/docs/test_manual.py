"""The manual's links lead somewhere, and what it names exists."""

import re
import textwrap
import tomllib
from pathlib import Path

import pytest

from genkan.ops.configuration import ConfigurationProblem, parse
from genkan.settings import Settings, describe, load
from genkan.settings_given import APP_NAMES
from genkan.sign_on_file import read_sign_on
from genkan.wire import managed
from tests.workshop.tree import ROOT, shown

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
TOML = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
ANY_TOML = re.compile(r"^ *```toml\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
SETTINGS = {variable.removeprefix("GENKAN_").lower() for variable, _, _ in describe()}
RECORD = "[[sites]]"
SIGN_ON = re.compile(r"^\[\[(?:ldap|openid)\]\]$", re.MULTILINE)
NAMED_FILE = re.compile(r'^(\w+_file = )"[^"]*"', re.MULTILINE)
SETTING = re.compile(r"\bGENKAN_[A-Z_]+[A-Z]\b")


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file or folder that exists."""
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_settings_that_a_page_names_exist(page: Path) -> None:
    """No page names a GENKAN_ variable that nothing reads."""
    known = {variable for variable, _, _ in describe()} | APP_NAMES
    assert set(SETTING.findall(page.read_text(encoding="utf-8"))) <= known


def test_every_setting_has_its_paragraph() -> None:
    """Each setting has a heading in the reference and at least a sentence below it."""
    reference = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    for variable, _, paragraph in describe():
        assert f"## `{variable}`\n" in reference
        assert paragraph.endswith("."), variable
        assert len(paragraph.split()) >= 4, variable


def test_the_variables_of_the_app_are_described() -> None:
    """What only the app's side reads stands in the same reference."""
    reference = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    assert {name for name in APP_NAMES if f"`{name}`" not in reference} == set()


def test_every_page_can_be_reached() -> None:
    """From README.md every page of the manual is a few links away, except the template for decisions."""
    seen: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        seen.add(page)
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            path = (page.parent / target).resolve()
            path = path / "README.md" if path.is_dir() else path
            if path.suffix == ".md" and path.exists() and path not in seen:
                ahead.append(path)
    assert {shown(page) for page in PAGES} == {shown(page) for page in seen}


@pytest.mark.parametrize("folder", ["decisions", "explanation", "how-to", "reference", "rfc", "tutorial"])
def test_every_folder_of_the_manual_has_content(folder: str) -> None:
    """No folder of docs/ is there for show."""
    assert sum(len(page.read_text(encoding="utf-8").split()) for page in (ROOT / "docs" / folder).glob("*.md")) > 200


def test_the_readme_names_make_targets_that_exist() -> None:
    """`make run` and `make test`, and whatever else a page asks to make, can be made."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {word for page in PAGES for word in re.findall(r"`make ([a-z-]+)[ `]", page.read_text(encoding="utf-8"))}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {"make run", "make test"} <= set(re.findall(r"make [a-z]+", readme))
    assert named <= targets


def test_records_of_sites_in_the_manual_are_read() -> None:
    """What `genkan mdm build --record` is shown with is what it reads."""
    found = [block for page in PAGES for block in TOML.findall(page.read_text(encoding="utf-8")) if RECORD in block]
    assert found
    for block in found:
        assert [fault.name for fault in managed.parse_value(tomllib.loads(block)).findings] == ["array-in-dictionary"]


def test_configuration_files_in_the_manual_are_read() -> None:
    """Every TOML block of the manual is a configuration that `genkan apply` reads, but for those of others."""
    found = [block for page in PAGES for block in TOML.findall(page.read_text(encoding="utf-8"))]
    blocks = [block for block in found if not are_settings(block) and not SIGN_ON.search(block)]
    blocks = [block for block in blocks if RECORD not in block]
    assert blocks
    assert [problem for block in blocks if isinstance(problem := parse(block.encode()), ConfigurationProblem)] == []


def are_settings(block: str) -> bool:
    """Whether it begins as the site's settings do."""
    return block.partition("=")[0].strip() in SETTINGS


def test_settings_in_the_manual_are_read(tmp_path: Path) -> None:
    """Every TOML block with settings is a file, or the lines to add to one, with which a site would start."""
    found = [textwrap.dedent(block) for page in PAGES for block in ANY_TOML.findall(page.read_text(encoding="utf-8"))]
    blocks = [block for block in found if are_settings(block)]
    assert len(blocks) >= 3
    (tmp_path / "file").write_text("a secret, long enough for whatever it is", encoding="utf-8")
    for block in blocks:
        named = NAMED_FILE.sub(rf'\g<1>"{tmp_path}/file"', block)
        (tmp_path / "genkan.toml").write_text(named, encoding="utf-8")
        read = load({"GENKAN_SETTINGS_FILE": str(tmp_path / "genkan.toml")})
        assert isinstance(read, Settings), (block, read)


def test_sign_on_files_in_the_manual_are_read(tmp_path: Path) -> None:
    """Every TOML block with a directory is a sign-on file, where the files that it names are there."""
    secret = tmp_path / "secret"
    secret.write_text("a secret", encoding="utf-8")
    found = [block for page in PAGES for block in TOML.findall(page.read_text(encoding="utf-8"))]
    blocks = [block for block in found if SIGN_ON.search(block)]
    assert blocks
    for block in blocks:
        file = tmp_path / "sign-on.toml"
        file.write_text(NAMED_FILE.sub(rf'\g<1>"{secret}"', block), encoding="utf-8")
        assert read_sign_on(str(file)).sources
