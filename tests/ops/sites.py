"""Sites as values for tests of plans: built by the rules themselves, and changed in thought."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from genkan.ops.configuration import Configuration, parse
from genkan.ops.draft import Plan, Wanted
from genkan.ops.plan import plan
from genkan.ops.present import Present, after
from genkan.protocol import accounts, links
from genkan.protocol.accounts import AccountWish, NewAccount
from genkan.protocol.env import DAY
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.links import NewLink
from genkan.protocol.outcomes import Change
from genkan.protocol.records import ConsentMode, LinkKind, Site, Standing
from genkan.wire.scopes import Permission
from tests.protocol.builders import HERE, SITE_ID, an_env

ACTOR = "test"


def an_empty_site() -> Present:
    """A site that nobody has set up."""
    return Present(Site(SITE_ID, 1, 1, b"f" * 16, False, None, 0, None, False), {}, {})


def wanted(text: str, passwords: Mapping[int, str] | None = None, secrets: Mapping[int, str] | None = None) -> Wanted:
    """What a file asks for."""
    read = parse(text.encode())
    assert isinstance(read, Configuration), read
    return Wanted(read, passwords or {}, secrets or {})


def planned(text: str, present: Present, **given: Any) -> Plan:
    """The plan for a file."""
    return plan(wanted(text, **given), present, ACTOR, an_env(seed=text), HERE)


def applied(text: str, present: Present, **given: Any) -> Present:
    """The site after a file."""
    return after(present, planned(text, present, **given).change)


def with_changes(present: Present, changes: Sequence[Any]) -> Present:
    """The site after changes that the rules allow."""
    for change in changes:
        assert isinstance(change, Change)
        present = after(present, change)
    return present


names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=20).filter(
    lambda text: accounts.fold(text) is not None and "=" not in text
)
printable = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=20)
emails = st.one_of(st.just(""), st.builds("{}@{}".format, st.sampled_from("abc"), st.sampled_from(["x.example", "y"])))
permissions = st.sampled_from(list(Permission))
groups = st.lists(printable.filter(lambda text: text and "," not in text), max_size=3).map(tuple)
standings = st.sampled_from(list(Standing))
account_wishes = st.builds(
    AccountWish, name=names, display_name=printable, email=emails, permission=permissions, groups=groups
)
native_redirects = st.sampled_from(
    [("jira-server://oauth-callback",), ("com.example.app:/cb", "http://127.0.0.1/cb"), ("http://[::1]/cb",)]
)
web_redirects = st.lists(
    st.sampled_from(["https://a.example/cb", "https://b.example/x?y=1", "https://c.example:8443/"]),
    min_size=1, max_size=3, unique=True,
).map(tuple)  # fmt: skip
lifetimes = st.one_of(st.none(), st.integers(1, 400).map(lambda days: days * DAY))
link_names = printable.filter(lambda text: bool(text.strip()))
native_wishes = st.builds(
    LinkWish, name=link_names, redirects=native_redirects, permission=permissions, kind=st.just(LinkKind.NATIVE),
    plain_pkce=st.booleans(), absolute_lifetime=lifetimes,
)  # fmt: skip
web_wishes = st.builds(
    LinkWish, name=link_names, redirects=web_redirects, permission=permissions,
    kind=st.just(LinkKind.CONFIDENTIAL), consent=st.sampled_from(list(ConsentMode)), introspect=st.booleans(),
    pkce_required=st.booleans(), plain_pkce=st.booleans(), absolute_lifetime=lifetimes,
)  # fmt: skip


@st.composite
def sites(draw: st.DrawFn) -> Present:
    """Any site that commands can make: people, links, some of them disabled or deleted, the switch on, off or never
    touched.
    """
    env = an_env(seed=str(draw(st.integers(0, 1 << 32))))
    present = an_empty_site()
    for wish in draw(st.lists(account_wishes, max_size=4)):
        made = accounts.create(wish, ACTOR, env)
        if isinstance(made, NewAccount) and made.account.folded not in present.accounts:
            present = after(present, made.change)
            standing = draw(standings)
            if standing is not Standing.ACTIVE:
                present = with_changes(present, [accounts.set_standing(made.account, standing, ACTOR, env)])
    for link_wish in draw(st.lists(st.one_of(native_wishes, web_wishes), max_size=4)):
        new = links.create(link_wish, ACTOR, env)
        assert isinstance(new, NewLink), new
        present = after(present, new.change)
        standing = draw(standings)
        if standing is not Standing.ACTIVE:
            present = with_changes(present, [links.set_standing(new.link, standing, ACTOR, env)])
    return _with_switch(draw(st.sampled_from(["never", "on", "off", "off and out", "deleted"])), present)


def _with_switch(state: str, present: Present) -> Present:
    env = an_env(seed="switch")
    if state == "never":
        return present
    present = with_changes(present, [links.turn_mobile_on(present.site, None, ACTOR, env)])
    link = present.app_link
    assert link is not None
    if state == "on":
        return present
    if state == "deleted":
        return with_changes(present, [links.set_standing(link, Standing.DELETED, ACTOR, env)])
    return with_changes(present, [links.turn_mobile_off(present.site, link, state == "off and out", ACTOR, env)])
