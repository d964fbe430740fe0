"""The settings of passkeys: what is wrong with them is said at start, and what they make is a rule about models."""

from pathlib import Path

import pytest

from genkan.protocol.signin.passkey_attestation import ListedModels
from genkan.protocol.signin.passkey_metadata import MetadataProblem
from genkan.protocol.signin.passkey_models import NoModels
from genkan.settings import Settings, SettingsProblem, load
from genkan.settings_passkeys import passkey_models
from tests.protocol.builders import NOW
from tests.protocol.test_passkey_attestation import AAGUID, MAKERS, TEXT, metadata_of


@pytest.fixture
def metadata(tmp_path: Path) -> Path:
    """A list of one model."""
    path = tmp_path / "models.json"
    path.write_bytes(metadata_of(MAKERS.certificate))
    return path


@pytest.mark.parametrize(
    ("given", "begins"),
    [
        ({"GENKAN_PASSKEY_AAGUIDS": "yubikey"}, "GENKAN_PASSKEY_AAGUIDS: 'yubikey' is no AAGUID"),
        ({"GENKAN_PASSKEY_AAGUIDS": TEXT}, "GENKAN_PASSKEY_METADATA: a list of AAGUIDs proves nothing"),
        ({"GENKAN_PASSKEY_METADATA": "/no/such/file"}, "GENKAN_PASSKEY_METADATA: there is no file"),
        ({"GENKAN_PASSKEY_METADATA_ROOT": "/no/such/file"}, "GENKAN_PASSKEY_METADATA_ROOT: there is no file"),
    ],
)
def test_what_cannot_be_used_is_named(given: dict[str, str], begins: str) -> None:
    """One line that says which setting and why."""
    problem = load(given)
    assert isinstance(problem, SettingsProblem)
    assert problem.sentence.startswith(begins)


def test_a_list_makes_a_rule_and_its_file_gives_names(metadata: Path) -> None:
    """Without a list nobody is turned away; without a file there are no names."""
    settings = load({"GENKAN_PASSKEY_AAGUIDS": TEXT, "GENKAN_PASSKEY_METADATA": str(metadata)})
    assert isinstance(settings, Settings)
    rule = passkey_models(settings, NOW)
    assert isinstance(rule, ListedModels)
    assert rule.allowed == frozenset({AAGUID})
    named = passkey_models(Settings(passkey_metadata=str(metadata)), NOW)
    assert isinstance(named, NoModels)
    assert named.name_of(AAGUID) == "Example Key 5"
    bare = passkey_models(Settings(), NOW)
    assert isinstance(bare, NoModels)
    assert bare.name_of(AAGUID) == ""


def test_a_model_without_its_maker_s_word_is_a_problem(metadata: Path) -> None:
    """Nobody could ever register with it."""
    other = "2fc0579f-8113-47ea-b116-bb5a8db9202a"
    found = passkey_models(Settings(passkey_aaguids=(other,), passkey_metadata=str(metadata)), NOW)
    assert isinstance(found, MetadataProblem)
    assert "2fc0579f" in found.wrong
