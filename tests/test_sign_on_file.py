"""The sign-on file: what it may say, and one sentence for whatever is wrong with it."""

from pathlib import Path

import pytest

from genkan import settings
from genkan.protocol.directory import Match
from genkan.protocol.env import HOUR, MINUTE
from genkan.settings_given import BadSetting
from genkan.sign_on_file import SignOn, read_sign_on
from genkan.wire.scopes import Permission

GOOD = """
[[openid]]
name = "corp"
title = "Example Corp"
issuer = "https://id.example.com/realms/corp"
client_id = "genkan"
"""


def write(folder: Path, text: str) -> str:
    path = folder / "sign-on.toml"
    path.write_text(text)
    return str(path)


def test_a_file_describes_directories(tmp_path: Path) -> None:
    """What is left out has the careful default: nobody is matched, nobody is made."""
    found = read_sign_on(write(tmp_path, GOOD))
    (corp,) = found.openid
    assert found.named("corp") is corp
    assert corp.issuer == "https://id.example.com/realms/corp"
    rule = corp.rule
    assert (rule.match, rule.create, rule.match_administrators) == (Match.NONE, False, False)
    assert (rule.permission, rule.check_every, rule.kept) == (Permission.WRITE, 15 * MINUTE, 24 * HOUR)


def test_no_file_is_no_directory() -> None:
    """Without the setting there is no corporate sign-in."""
    assert read_sign_on("") == SignOn()


WRONG = [
    ('title = "x"', "title: there is no such table; write [[openid]]"),
    ("[[saml]]", "saml: there is no such table"),
    ('[openid]\nname = "corp"', "openid: write [[openid]] with two brackets"),
    (GOOD + 'isuer = "x"', "[[openid]] 1: isuer: there is no such key; did you mean issuer?"),
    (GOOD.replace('client_id = "genkan"', ""), "[[openid]] 1: client_id is missing"),
    (GOOD + "check_minutes = 0", "check_minutes: '0' will not do; write a whole number from 1 to 1440"),
    (GOOD + 'match = "mail"', "match: 'mail' will not do; write email, name or none"),
    (GOOD + 'create = "yes"', "create: 'yes' will not do; write true or false"),
    (GOOD + "scopes = [1]", "scopes: '[1]' will not do; write a list of texts"),
    (GOOD + 'scopes = ["email"]', "scopes: write a list of words with"),
    (GOOD + 'permission = "ADMIN"', "permission: 'ADMIN' will not do; write READ or WRITE"),
    (GOOD + 'algorithms = ["HS256"]', "algorithms: write some of RS256"),
    (GOOD + 'algorithms = ["none"]', "algorithms: write some of RS256"),
    (GOOD + "algorithms = []", "algorithms: write some of RS256"),
    (GOOD + 'email_domains = ["@example.com"]', "email_domains: '@example.com' is not a domain"),
    (GOOD + 'client_secret_file = "/nowhere/secret"', "client_secret_file: /nowhere/secret cannot be read"),
    (GOOD + 'client_secret_file = "a"\nprivate_key_file = "b"', "private_key_file: name a secret or a private key"),
    (GOOD.replace("https://", "http://"), "issuer: The address is plain http"),
    (GOOD.replace('"corp"', '"Corp"'), "name: write at most 32 small letters"),
    (GOOD.replace('"corp"', '"../x"'), "name: write at most 32 small letters"),
    (GOOD + GOOD, "name: two tables are called corp"),
    ("[[openid]", "it is not TOML at line 1"),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG, ids=[row[1][:40] for row in WRONG])
def test_whatever_is_wrong_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """It begins with the file and names the table and the key to mend."""
    path = write(tmp_path, text)
    with pytest.raises(BadSetting) as caught:
        read_sign_on(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bad_file_stops_the_site(tmp_path: Path) -> None:
    """The settings refuse it under the setting's own name."""
    loaded = settings.load({"GENKAN_SIGN_ON_FILE": write(tmp_path, GOOD + "x = 1")})
    assert isinstance(loaded, settings.SettingsProblem)
    assert loaded.sentence.startswith("GENKAN_SIGN_ON_FILE: ")
    missing = settings.load({"GENKAN_SIGN_ON_FILE": str(tmp_path / "none.toml")})
    assert isinstance(missing, settings.SettingsProblem)
    assert "there is no file" in missing.sentence
    assert isinstance(settings.load({"GENKAN_SIGN_ON_FILE": write(tmp_path, GOOD)}), settings.Settings)
