"""What is built is found again: any sites, through every form, are the same sites without a word against them."""

import json
import plistlib
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.mdm.build import Artefact, NotBuilt, build, identifier
from genkan.mdm.check import check, fix
from genkan.mdm.targets import GUIDES, Target
from genkan.mdm.variables import variables_in
from genkan.wire.managed import OAuthEntry, SiteEntry
from tests.wire.strategies import site_addresses

BUNDLE = "com.example.jira"
HARD = SiteEntry(
    'R&D "Süd" <1> \\ 玄関 {{mail}} $EMAIL ]]> &amp; 🚪', "https://jira.example.com/desk", OAuthEntry("a" * 32)
)
client_ids = st.text(st.sampled_from("0123456789abcdef"), min_size=32, max_size=32)
titles = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=40).filter(
    lambda title: not variables_in(title)
)
sites = st.lists(
    st.builds(
        SiteEntry,
        st.none() | titles,
        site_addresses().filter(lambda base: ":443" not in base),
        st.none() | st.builds(OAuthEntry, client_ids, st.booleans()),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda site: site.base_url,
)


def built(target: Target, wanted: list[SiteEntry]) -> Artefact:
    """The artefact, which has to be there."""
    made = build(target, wanted, bundle_id=BUNDLE)
    assert isinstance(made, Artefact), made
    return made


@pytest.mark.parametrize("target", Target)
@given(wanted=sites)
def test_every_form_gives_back_the_sites(target: Target, wanted: list[SiteEntry]) -> None:
    """Nothing is lost or changed on the way, and nothing is found wrong but what is true of Android."""
    report = check(built(target, wanted).text.encode(), target=target)
    assert list(report.sites) == wanted
    expected = sum(site.oauth is not None for site in wanted) if report.android else 0
    assert [finding.name for finding in report.findings] == ["android-oauth"] * expected


@pytest.mark.parametrize("target", Target)
def test_hard_titles_survive_every_form(target: Target) -> None:
    """Quotes, brackets, ampersands, backslashes, Japanese, emoji and the variables of MDMs come back as they were."""
    assert check(built(target, [HARD]).text.encode(), target=target).sites == (HARD,)


@pytest.mark.parametrize("target", Target)
def test_what_is_right_is_not_rewritten(target: Target) -> None:
    """Mending a file that has nothing wrong gives the very same octets."""
    octets = built(target, [SiteEntry("Jira", "https://jira.example.com")]).text.encode()
    assert fix(octets, target=target).octets == octets


@pytest.mark.parametrize("target", [Target.IVANTI, Target.DDM, Target.MOBILECONFIG])
def test_property_lists_are_read_by_another_reader(target: Target) -> None:
    """Python's own reader finds the value under the key, as text."""
    document = plistlib.loads(built(target, [HARD]).text.encode())
    if target is Target.MOBILECONFIG:
        payload = document["PayloadContent"][0]["PayloadContent"][BUNDLE]["Forced"][0]["mcx_preference_settings"]
        document = payload["com.apple.configuration.managed"]
    assert list(document) == ["sites"]
    assert json.loads(document["sites"])[0]["title"] == HARD.title


@pytest.mark.parametrize("target", [Target.INTUNE, Target.JAMF, Target.KANDJI, Target.MOSYLE])
def test_a_console_is_given_the_dict_alone(target: Target) -> None:
    """Those consoles take the <dict> without a property list around it."""
    text = built(target, [HARD]).text
    assert text.startswith("<dict>\n")
    assert text.endswith("</dict>\n")
    key, value = ElementTree.fromstring(text)
    assert (key.text, value.tag) == ("sites", "string")
    assert json.loads(value.text or "")[0]["title"] == HARD.title


def test_androids_document_is_the_one_that_google_defines() -> None:
    """Kind, product and one property of type String."""
    document = json.loads(built(Target.INTUNE_ANDROID, [HARD]).text)
    assert document["kind"] == "androidenterprise#managedConfiguration"
    assert document["productId"] == "app:com.atlassian.jira.server"
    assert [list(row) for row in document["managedProperty"]] == [["key", "valueString"]]
    assert json.loads(document["managedProperty"][0]["valueString"])[0]["title"] == HARD.title


def test_the_declarative_asset_has_no_wrapper() -> None:
    """The key stands at the top, since devices pass over a `configuration` around it; hash and size are the data's."""
    import hashlib

    made = built(Target.DDM, [HARD])
    assert list(plistlib.loads(made.text.encode())) == ["sites"]
    asset, app = (json.loads(text) for _, text in made.beside)
    reference = asset["Payload"]["Reference"]
    assert reference["Hash-SHA-256"] == hashlib.sha256(made.text.encode()).hexdigest()
    assert reference["Size"] == len(made.text.encode())
    assert app["Payload"]["LegacyAppConfigAssetReference"] == asset["Identifier"]
    assert app["Payload"]["AppConfig"]["DataAssetReference"] == asset["Identifier"]


def test_a_profile_is_the_same_profile_each_time() -> None:
    """Identifiers follow from the settings, so that installing twice replaces, and other settings are another."""
    one, again = built(Target.MOBILECONFIG, [HARD]), built(Target.MOBILECONFIG, [HARD])
    other = built(Target.MOBILECONFIG, [SiteEntry(None, "https://jira.example.com")])
    assert one == again
    assert plistlib.loads(one.text.encode())["PayloadUUID"] != plistlib.loads(other.text.encode())["PayloadUUID"]
    # RFC 9562 5.8: version 8, variant 10
    assert identifier("x")[14] == "8"
    assert identifier("x")[19] in "89AB"


def test_what_is_not_in_order_is_not_built() -> None:
    """A site that a phone would refuse is refused first, and so is a form that needs the bundle id without it."""
    made = build(Target.JAMF, [SiteEntry("x", "https://jira.example.com/secure/Dashboard.jspa")])
    assert isinstance(made, NotBuilt)
    assert [finding.name for finding in made.findings] == ["page"]
    assert build(Target.APPCONFIG, [HARD]) == NotBuilt(needs_bundle_id=True)
    assert build(Target.MOBILECONFIG, [HARD]) == NotBuilt(needs_bundle_id=True)


def test_each_form_says_where_to_paste_it() -> None:
    """A name, at least one step, and of each variable what it stands for and who says so."""
    for target in Target:
        guide = GUIDES[target]
        assert guide.name
        assert guide.steps
        assert all(step.endswith(".") for step in guide.steps)
        assert all(variable.source.startswith("https://") and variable.stands_for for variable in guide.variables)
