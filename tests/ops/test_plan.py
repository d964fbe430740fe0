"""From a configuration to one change and to words: what differs, nothing twice, export and apply as inverses."""

import pytest
from hypothesis import given

from genkan.ops.configuration import Configuration, ConfigurationProblem, parse
from genkan.ops.draft import Unplannable
from genkan.ops.export import export
from genkan.ops.plan import plan
from genkan.ops.present import Present, account_wish, after, link_wish
from genkan.protocol.clients import secret_digest
from genkan.protocol.links import APP_REDIRECTS
from genkan.protocol.outcomes import RaiseStop, SetPassword, TurnMobile
from genkan.protocol.records import Link, LinkKind, Standing
from genkan.wire.scopes import Permission
from tests.ops.sites import an_empty_site, applied, planned, sites, wanted
from tests.protocol.builders import HERE, an_env

WHOLE = """
[mobile]
enabled = true
client_id = "known-to-mdm-0001"

[[link]]
name = "Wiki"
redirects = ["https://wiki.example/cb"]
permission = "READ"
introspect = true
consent = "remember"
absolute_lifetime_seconds = 86400

[[link]]
name = "Terminal"
redirects = ["http://127.0.0.1/cb"]

[[user]]
name = "alice"
display_name = "Alice A."
email = "alice@example.com"
permission = "SYSTEM_ADMIN"
groups = ["b", "a"]

[[user]]
name = "Bob"
state = "disabled"
"""

ANOTHER = '[[user]]\nname = "carol"\npermission = "SYSTEM_ADMIN"\n'

WITHOUT_PASSWORD = ", without a password: nobody can sign in as it before genkan user set-password Bob"


def link_named(present: Present, name: str) -> Link:
    """The link of this name."""
    return next(link for link in present.links.values() if link.name == name)


@given(sites())
def test_export_and_apply_where_it_came_from_changes_nothing(present: Present) -> None:
    """Whatever a site holds, its own export has nothing to say to it."""
    plan = planned(export(present), present)
    assert (plan.lines, plan.change.steps, plan.change.events) == ((), (), ())


@given(sites())
def test_an_export_makes_the_same_site_elsewhere(present: Present) -> None:
    """Applied to an empty site the export leads to the same people, links and switch, and a second time to nothing."""
    text = export(present)
    copy = applied(text, an_empty_site())
    assert planned(text, copy).lines == ()
    assert essence(copy) == essence(present)


def essence(present: Present) -> tuple[object, ...]:
    """All of a site that a configuration is about."""
    links = {
        link.client_id: (link_wish(link), link.kind, link.standing)
        for link in present.links.values()
        if link.standing is not Standing.DELETED
    }
    accounts = {folded: (account_wish(account), account.standing) for folded, account in present.accounts.items()}
    app = present.app_link
    return links, accounts, present.mobile_on, app.client_id if app else None


def test_a_whole_file_on_an_empty_site() -> None:
    """Everything it names is there afterwards, as it says, and the words name each thing once."""
    plan = planned(WHOLE, an_empty_site(), passwords={0: "$hash"})
    assert plan.lines == (
        "add the account alice with the permission SYSTEM_ADMIN",
        "add the account Bob with the permission WRITE" + WITHOUT_PASSWORD,
        "disable the account Bob, which ends all it is signed in with",
        "make the confidential link Wiki",
        "make the native link Terminal",
        "make the app's link with the client id known-to-mdm-0001",
        "turn the mobile switch on (client id known-to-mdm-0001)",
    )
    site = after(an_empty_site(), plan.change)
    alice, wiki = site.accounts["alice"], link_named(site, "Wiki")
    assert (alice.display_name, alice.permission, alice.groups) == ("Alice A.", Permission.SYSTEM_ADMIN, ("a", "b"))
    assert site.accounts["bob"].standing is Standing.DISABLED
    assert (wiki.kind, wiki.introspect, wiki.absolute_lifetime) == (LinkKind.CONFIDENTIAL, True, 86_400_000)
    assert site.mobile_on
    assert site.app_link is not None
    assert (site.app_link.client_id, site.app_link.redirects) == ("known-to-mdm-0001", APP_REDIRECTS)
    assert [made.link.name for made in plan.new_links] == ["Wiki"]
    assert plan.new_links[0].secret is not None
    assert secret_digest(plan.new_links[0].secret) == wiki.secret
    assert sum(isinstance(step, SetPassword) for step in plan.change.steps) == 1
    assert planned(WHOLE, site).lines == ()


def test_what_is_not_said_stays() -> None:
    """Tables and keys that the file leaves out are not touched; an empty file has nothing to do."""
    site = applied(WHOLE, an_empty_site())
    assert planned("", site).lines == ()
    assert planned('[[user]]\nname = "alice"\n', site).lines == ()
    wiki = link_named(site, "Wiki")
    plan = planned('[[link]]\nname = "Wiki"\npermission = "WRITE"\n', site)
    assert plan.lines == ("change the link Wiki: permission READ becomes WRITE",)
    changed = link_named(after(site, plan.change), "Wiki")
    assert (changed.consent, changed.introspect, changed.client_id) == (wiki.consent, True, wiki.client_id)


ALICE_CHANGES = (
    "change the account alice: name alice becomes Alice, e-mail alice@example.com becomes none, "
    "permission SYSTEM_ADMIN becomes READ, groups a b becomes none"
)
WIKI_CHANGES = (
    "change the link Wiki: redirects https://wiki.example/cb becomes https://wiki.example/cb "
    "https://new.example/cb, introspect yes becomes no, absolute_lifetime_seconds 86400 becomes none"
)


def test_differences_are_said_in_words() -> None:
    """Each changed field is named with what it was and what it becomes."""
    site = applied(WHOLE + ANOTHER, an_empty_site())
    text = """
[[user]]
name = "Alice"
email = ""
groups = []
permission = "READ"
[[user]]
name = "bob"
state = "active"
[[link]]
name = "Wiki"
introspect = false
redirects = ["https://wiki.example/cb", "https://new.example/cb"]
absolute_lifetime_seconds = 0
state = "disabled"
[mobile]
enabled = false
"""
    assert planned(text, site).lines == (
        ALICE_CHANGES,
        "change the account Bob: name Bob becomes bob",
        "enable the account bob",
        WIKI_CHANGES,
        "turn the mobile switch off; phones stay signed in (client id known-to-mdm-0001)",
        "disable the link Wiki: its sign-ins wait",
    )
    changed = applied(text, site)
    assert not changed.mobile_on
    assert planned(text, changed).lines == ()


def test_turning_the_switch_off_by_file_signs_nobody_out() -> None:
    """The file has no word for signing phones out, so it never does."""
    site = applied(WHOLE, an_empty_site())
    plan = planned("[mobile]\nenabled = false\n", site)
    assert not any(isinstance(step, RaiseStop) for step in plan.change.steps)


def test_deleting_is_a_state_that_may_be_said_again() -> None:
    """state = "deleted" deletes what is there and is content with what is not."""
    site = applied(WHOLE + ANOTHER, an_empty_site())
    text = '[[user]]\nname = "alice"\nstate = "deleted"\n[[link]]\nname = "Wiki"\nstate = "deleted"\n'
    plan = planned(text, site)
    assert plan.lines == (
        "delete the account alice, which ends all it is signed in with",
        "delete the link Wiki, which ends all its sign-ins",
    )
    gone = after(site, plan.change)
    assert "alice" not in gone.accounts
    assert link_named(gone, "Wiki").standing is Standing.DELETED
    assert planned(text, gone).lines == ()


def test_a_password_is_set_where_it_differs() -> None:
    """A hash that has to be set is a line of its own and one step, and signs nobody out."""
    site = applied(WHOLE, an_empty_site())
    plan = planned('[[user]]\nname = "ALICE"\n', site, passwords={0: "$other"})
    assert plan.lines[-1] == "set the password of ALICE"
    passwords = [step.hash for step in plan.change.steps if isinstance(step, SetPassword)]
    assert passwords == ["$other"]
    assert "$other" not in repr(plan.lines)


SECRET = "5ec4e7" * 10 + "0123"


def test_a_secret_that_servers_know_is_taken_over() -> None:
    """A new link is born with it and tells nothing; an old one changes over; the second time nothing is left."""
    text = '[[link]]\nname = "Old"\nclient_id = "old-client"\nredirects = ["https://old.example/cb"]\n'
    plan = planned(text, an_empty_site(), secrets={0: SECRET})
    site = after(an_empty_site(), plan.change)
    assert plan.new_links == ()
    assert link_named(site, "Old").secret == secret_digest(SECRET)
    assert planned(text, site, secrets={0: SECRET}).lines == ()
    other = planned(text, site, secrets={0: SECRET[::-1]})
    assert other.lines == ("take over the secret of the link Old; the one before stops working",)
    changed = link_named(after(site, other.change), "Old")
    assert (changed.secret, changed.previous_secret) == (secret_digest(SECRET[::-1]), None)


@pytest.mark.parametrize("secret", ["short", "x" * 31, "with spaces " * 4, "ü" * 40, "x" * 513])
def test_a_secret_that_could_be_guessed_or_sent_wrongly_is_refused(secret: str) -> None:
    """Only what a random secret can look like is taken over, and the sentence does not repeat it."""
    text = '[[link]]\nname = "Old"\nredirects = ["https://old.example/cb"]\n'
    with pytest.raises(Unplannable, match=r"link 1 \(Old\): the secret must have 32 ") as refused:
        planned(text, an_empty_site(), secrets={0: secret})
    assert secret not in str(refused.value)


def test_the_switch_for_a_link_that_is_there() -> None:
    """client_id chooses the link; a site where it is off still remembers which one it is."""
    text = """
[mobile]
enabled = false
client_id = "app-client"
[[link]]
name = "Our app"
client_id = "app-client"
redirects = ["jira-server://oauth-callback"]
"""
    plan = planned(text, an_empty_site())
    assert plan.lines[-1] == "choose the app's link (client id app-client)"
    assert [step.enabled for step in plan.change.steps if isinstance(step, TurnMobile)] == [False]
    site = after(an_empty_site(), plan.change)
    assert site.app_link is not None
    assert site.app_link.client_id == "app-client"
    assert planned(text, site).lines == ()
    on = applied("[mobile]\nenabled = true\n", site)
    assert on.mobile_on
    assert on.app_link == site.app_link


def test_an_app_link_that_is_disabled_while_the_switch_is_on() -> None:
    """The switch is turned on first and the link disabled after, so that both things hold and stay so."""
    text = WHOLE + '[[link]]\nname = "Mobile app"\nclient_id = "known-to-mdm-0001"\nstate = "disabled"\n'
    text += 'redirects = ["jira-server://oauth-callback"]\n'
    site = applied(text, an_empty_site())
    assert site.mobile_on
    assert site.app_link is not None
    assert site.app_link.standing is Standing.DISABLED
    assert planned(text, site).lines == ()


BAD_PLANS = {
    '[[user]]\nname = "a"\n[[user]]\nname = "A"\n': "user 2 (A): the account stands in the file twice",
    '[[user]]\nname = "\u200b"\n': "user 1 (\u200b): the name must have 1 to 100 visible characters",
    '[[user]]\nname = "a"\nemail = "nobody"\n': "user 1 (a): the e-mail address has no @",
    '[[link]]\nname = "a"\n': "link 1 (a): there is no such link yet, and to make it redirects are needed",
    '[[link]]\nname = "a"\nredirects = ["javascript:x"]\n': "link 1 (a): redirect ",
    '[[link]]\nname = "a"\nredirects = ["app:/x"]\nintrospect = true\n': "link 1 (a): only a confidential link",
    '[[link]]\nname = "a"\nredirects = ["https://a.example/"]\nclient_id = "x"\n': "link 1 (a): the client id must ",
    '[[link]]\nname = "a"\nredirects = ["https://a.example/"]\nabsolute_lifetime_seconds = -1\n': "link 1 (a): abs",
    '[[link]]\nname = "a"\nredirects = ["https://a.example/"]\n' * 2: "link 2 (a): the link stands in the file twice",
    '[mobile]\nenabled = true\nclient_id = "x"\n': "mobile: the client id must ",
    '[mobile]\nenabled = true\n[[link]]\nname = "Mobile app"\nstate = "deleted"\n': "the file contradicts itself: ",
}


@pytest.mark.parametrize(("text", "said"), BAD_PLANS.items(), ids=range(len(BAD_PLANS)))
def test_what_the_rules_refuse_is_said_with_its_place(text: str, said: str) -> None:
    """No plan comes of it, and the sentence begins with the table, its number and its name."""
    with pytest.raises(Unplannable) as refused:
        planned(text, an_empty_site())
    assert str(refused.value).startswith(said)


def test_what_would_be_undone_is_refused_on_a_site_that_has_it() -> None:
    """A kind cannot be changed, a deleted client id cannot come back, and two links of one name need their ids."""
    site = applied(WHOLE, an_empty_site())
    wiki = link_named(site, "Wiki")
    with pytest.raises(Unplannable, match=r"link 1 \(Wiki\): a link stays native or confidential"):
        planned('[[link]]\nname = "Wiki"\nkind = "native"\n', site)
    gone = applied('[[link]]\nname = "Wiki"\nstate = "deleted"\n', site)
    text = f'[[link]]\nname = "Wiki"\nclient_id = "{wiki.client_id}"\nredirects = ["https://x.example/"]\n'
    with pytest.raises(Unplannable, match="never used again"):
        planned(text, gone)
    with pytest.raises(Unplannable, match="never used again"):
        planned(f'[mobile]\nenabled = true\nclient_id = "{wiki.client_id}"\n', gone)
    twice = '[[link]]\nname = "Two"\nclient_id = "{}"\nredirects = ["https://x.example/"]\n'
    both = applied(twice.format("client-one") + twice.format("client-two"), site)
    with pytest.raises(Unplannable, match=r'2 links .*; say which with client_id = "client-one" or "client-two"$'):
        planned('[[link]]\nname = "Two"\npermission = "READ"\n', both)


def test_a_link_that_has_become_too_lax_is_not_judged_anew() -> None:
    """A redirect that the settings do not allow any more is no obstacle while nobody changes the link."""
    text = '[[link]]\nname = "Lab"\nredirects = ["http://lab.example/cb"]\n'
    made = plan(wanted(text), an_empty_site(), "test", an_env(), HERE, allow_http=True)
    site = after(an_empty_site(), made.change)
    assert planned(text, site).lines == ()
    with pytest.raises(Unplannable, match="redirect"):
        planned(text + 'permission = "READ"\n', site)


BAD_FILES = {
    "user = 1": "user: ",
    "[[user]]\n": "user 1: ",
    '[[user]]\nname = "a"\ncolour = 1\n': "user 1 (a): there is no key 'colour'",
    '[[user]]\nname = "a"\n[[user]]\nname = "b"\nNAME = "c"\n': "user 2 (b): there is no key 'NAME'",
    "[[users]]\n": "top level: there is no key 'users'",
    '[[link]]\nname = "W"\nredirects = ["a", 3]\n': "link 1 (W): redirects[1]: write text in quotes",
    '[[link]]\nname = "W"\npermission = "ROOT"\n': "link 1 (W): permission: write READ or WRITE or ADMIN or ",
    '[[link]]\nname = "W"\nsecret = "x"\n': "link 1 (W): there is no key 'secret'",
    '[[link]]\nname = "W"\nintrospect = "yes"\n': "link 1 (W): introspect: write true or false",
    "[mobile]\n": "mobile: ",
    "[mobile]\nenabled = 1\n": "mobile: enabled: write true or false",
    "[mobile]\nenabled = true\nsign_out = true\n": "mobile: there is no key 'sign_out'",
    "enabled = \n": "it is not TOML at line ",
    "a = 1\na = 2\n": "it is not TOML at line ",
}


@pytest.mark.parametrize(("text", "said"), BAD_FILES.items(), ids=range(len(BAD_FILES)))
def test_a_fault_of_the_file_is_said_with_its_place(text: str, said: str) -> None:
    """Unknown keys, wrong types, missing names and what is not TOML: one sentence that begins with the place."""
    problem = parse(text.encode())
    assert isinstance(problem, ConfigurationProblem), problem
    assert problem.sentence.startswith(said), problem.sentence
    assert "\n" not in problem.sentence
    assert "`" not in problem.sentence


def test_bytes_that_are_no_text() -> None:
    """A file that is not UTF-8 is not TOML."""
    assert isinstance(parse(b"\xff\xfe"), ConfigurationProblem)
    assert parse(b"") == Configuration()
