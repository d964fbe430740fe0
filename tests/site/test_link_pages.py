"""The console's pages of application links over HTTP: what they do and refuse, and that nothing is done twice."""

from html import unescape

import pytest

from genkan.protocol.env import DAY, MINUTE
from genkan.protocol.records import ConsentMode, LinkKind, Standing
from genkan.site.api.documents import public_id
from genkan.store.api import PhoneQuery
from genkan.wire import managed
from genkan.wire.managed import parse
from genkan.wire.scopes import Permission
from tests.site.api_world import a_phone_of
from tests.site.link_console import GOOD, LINKS, START, WEB, Console, path_of
from tests.site.world import PASSWORD, forms_of


async def test_the_list_is_empty_and_says_what_to_do(console: Console) -> None:
    """Without links the page says so and leads to the dialog."""
    page = await console.get(LINKS)
    assert "There is no application link yet." in page.text
    assert 'href="/admin/links/create"' in page.text
    assert (await console.get("/plugins/servlet/applinks/listApplicationLinks")).headers["location"].endswith(LINKS)


async def test_the_dialog_goes_by_type_and_direction(console: Console) -> None:
    """The first step offers what there is and says why the rest is not; Continue leads to the form."""
    page = await console.get(LINKS + "/create")
    assert page.text.count(" disabled") == 2
    assert "Application permissions" not in page.text
    assert "Application permissions" in (await console.get(START)).text
    assert "Application permissions" not in (await console.get(START.replace("external", "atlassian"))).text


async def test_a_confidential_link_is_made_and_its_secret_told_once(console: Console) -> None:
    """Save leads to the credentials, which show id and secret; the next look does not show the secret."""
    made = await console.create()
    link = await console.only_link()
    assert made.headers["location"] == f"{console.site.base}{path_of(link)}/credentials?done=link-made"
    assert "secret" not in made.headers["location"]
    page = await console.follow(made)
    assert link.client_id in page.text
    secret = page.text.partition('id="client-secret"')[2].partition(">")[2].partition("<")[0]
    assert len(secret) == 64
    assert link.kind is LinkKind.CONFIDENTIAL
    tokens = await console.site.issue_tokens(link, "alice", secret)
    assert tokens["access_token"]
    again = await console.get(path_of(link) + "/credentials")
    assert secret not in again.text
    assert "was shown once" in again.text


async def test_the_redirect_decides_unless_the_kind_is_chosen(console: Console) -> None:
    """An app's scheme makes it native, with an MDM value for it and no secret; the choice overrules."""
    page = await console.follow(await console.create(**{"redirect-1": "jira-server://oauth-callback"}))
    link = await console.only_link()
    assert link.kind is LinkKind.NATIVE
    assert "client-secret" not in page.text
    value = unescape(page.text.partition('id="managed"')[2].partition(">")[2].partition("</textarea>")[0])
    [entry] = parse(value).sites
    assert entry.oauth == managed.OAuthEntry(link.client_id)
    await console.create(name="Other", kind="native")
    assert [found.kind for found in await console.site.store.links() if found.name == "Other"] == [LinkKind.NATIVE]


async def test_every_choice_of_the_form_is_kept(console: Console) -> None:
    """Several redirect URLs, consent, introspection and PKCE are what was chosen."""
    await console.create(
        **{"redirect-1": WEB, "redirect-2": " ", "redirect-3": f"{WEB}/2 "},
        consent="remember", introspect="yes", pkce_required="yes", permission="ADMIN",
    )  # fmt: skip
    link = await console.only_link()
    assert link.redirects == (WEB, f"{WEB}/2")
    assert (link.consent, link.introspect, link.pkce_required) == (ConsentMode.REMEMBER, True, True)
    assert link.permission is Permission.ADMIN


WRONG = {
    "name": ({"name": " "}, "Write a name of 1 to 200 characters"),
    "redirect": ({"redirect-1": ""}, "Write at least one redirect URL"),
    "http": ({"redirect-1": "http://wiki.example.com/"}, "The redirect URL is plain http"),
    "second": ({"redirect-2": "javascript:x"}, "“javascript:” cannot carry an answer"),
    "twice": ({"redirect-2": WEB}, "This redirect URL is there twice"),
    "permission": ({"permission": ""}, "Choose what the application may do at most."),
    "odd permission": ({"permission": "ROOT"}, "Choose what the application may do at most."),
    "consent": ({"kind": "native", "consent": "remember"}, "may remember the consent"),
    "introspect": ({"kind": "native", "introspect": "yes"}, "can ask about tokens"),
}


@pytest.mark.parametrize(("changes", "sentence"), WRONG.values(), ids=WRONG)
async def test_what_is_wrong_stands_beside_its_field(console: Console, changes: dict[str, str], sentence: str) -> None:
    """Nothing is made; the form comes back as it was typed, with a sentence and a title that says so."""
    page = await console.create(**changes)
    assert page.status_code == 400
    assert sentence in page.text
    assert "<title>Error: New external application" in page.text
    assert f'value="{changes.get("name", "Wiki")}"' in page.text
    assert await console.site.store.links() == []


async def test_the_check_while_typing_says_what_saving_would_say(console: Console) -> None:
    """The same sentences for what is written, silence about what is still empty, advice, and the kind so far."""
    page = await console.get(START)
    _, fields = next(found for found in forms_of(page.text) if found[0].endswith("/create"))
    kept = {"page_token": fields["page_token"]}

    async def said(**typed: str) -> str:
        answer = await console.site.client.post(f"{console.site.base}{LINKS}/check", data={**kept, **typed})
        assert answer.status_code == 200
        return unescape(answer.text)

    assert "fault" not in await said(name="", **{"redirect-1": ""})
    assert "The redirect URL is plain http" in await said(**{"redirect-1": "http://wiki.example.com/"})
    assert "It will be confidential" in await said(**{"redirect-1": WEB})
    native = await said(**{"redirect-1": "jira-server://oauth-callback"})
    assert "It will be native" in native
    assert "is not a reverse domain name" in native
    assert "may remember the consent" in await said(consent="remember", kind="native", **{"redirect-1": WEB})
    assert await console.site.store.links() == []


async def test_rows_are_added_and_taken_away_without_a_script(console: Console) -> None:
    """The buttons of the rows show the form with one more or one less, and save nothing."""
    more = await console.create(step="add")
    assert 'name="redirect-2"' in more.text
    less = await console.create(**{"redirect-2": f"{WEB}/2"}, step="remove-1")
    assert 'name="redirect-2"' not in less.text
    assert f'value="{WEB}/2"' in less.text
    assert 'value="Wiki"' in less.text
    assert await console.site.store.links() == []


async def test_a_form_sent_twice_makes_one_link(console: Console) -> None:
    """The second one leads to the credentials of the first."""
    page = await console.get(START)
    first = await console.send(page, "/create", **GOOD)
    second = await console.send(page, "/create", **GOOD)
    link = await console.only_link()
    assert second.headers["location"] == f"{console.site.base}{path_of(link)}/credentials"
    assert first.status_code == 303
    assert 'id="client-secret"' in (await console.follow(second)).text


async def test_a_secret_is_shown_to_the_session_that_made_it(console: Console) -> None:
    """Another session with the same cookie, another link, or a later moment: nothing is shown."""
    await console.create()
    link = await console.only_link()
    other = (await console.site.make_link("https://other.example/cb")).link
    assert 'id="client-secret"' not in (await console.get(path_of(other) + "/credentials")).text
    console.site.env.advance(6 * MINUTE)
    assert 'id="client-secret"' not in (await console.get(path_of(link) + "/credentials")).text
    console.site.env.advance(-5 * MINUTE)
    await console.site.sign_in("alice")
    assert 'id="client-secret"' not in (await console.get(path_of(link) + "/credentials")).text


async def test_a_link_is_changed(console: Console) -> None:
    """The form is filled in with what is, and saving changes what was changed and nothing else."""
    link = (await console.site.make_link(WEB, plain_pkce=True, absolute_lifetime=DAY)).link
    page = await console.get(path_of(link) + "/edit")
    assert f'value="{WEB}"' in page.text
    assert 'name="kind"' not in page.text
    changed = await console.send(page, "/edit", **{**GOOD, "name": "Renamed", "permission": "READ"})
    assert "Saved." in (await console.follow(changed)).text
    now = await console.only_link()
    assert (now.name, now.permission) == ("Renamed", Permission.READ)
    assert (now.plain_pkce, now.absolute_lifetime, now.kind) == (True, DAY, LinkKind.CONFIDENTIAL)
    wrong = await console.send(await console.get(path_of(link) + "/edit"), "/edit", **{**GOOD, "name": ""})
    assert "Write a name of 1 to 200 characters" in wrong.text


async def test_two_who_change_a_link_do_not_undo_each_other(console: Console) -> None:
    """The second is told that it was changed, with what was typed, and may save it then."""
    link = (await console.site.make_link(WEB)).link
    mine = await console.get(path_of(link) + "/edit")
    theirs = await console.get(path_of(link) + "/edit")
    await console.send(theirs, "/edit", **{**GOOD, "name": "Theirs"})
    page = await console.send(mine, "/edit", **{**GOOD, "name": "Mine"})
    assert "Somebody else changed this link meanwhile" in page.text
    assert 'value="Mine"' in page.text
    await console.send(page, "/edit", **{**GOOD, "name": "Mine"})
    assert (await console.only_link()).name == "Mine"


async def test_adding_a_row_does_not_hide_that_somebody_else_saved(console: Console) -> None:
    """The form remembers which version it was filled in from, through its own buttons and through sign-in."""
    link = (await console.site.make_link(WEB)).link
    mine = await console.get(path_of(link) + "/edit")
    theirs = await console.get(path_of(link) + "/edit")
    await console.send(theirs, "/edit", **{**GOOD, "name": "Theirs"})
    more = await console.send(mine, "/edit", **{**GOOD, "name": "Mine", "step": "add"})
    await console.site.sign_in("alice")
    again = await console.send(more, "/edit", **{**GOOD, "name": "Mine"})
    assert "open too long" in again.text
    told = await console.send(again, "/edit", **{**GOOD, "name": "Mine"})
    assert "Somebody else changed this link meanwhile" in told.text
    assert (await console.only_link()).name == "Theirs"


async def test_a_link_is_disabled_and_enabled(console: Console) -> None:
    """Each leads back to the link, and pressing twice changes nothing more."""
    link = (await console.site.make_link(WEB)).link
    page = await console.get(path_of(link))
    shown = await console.follow(await console.send(page, "/disable"))
    assert "The link is disabled" in shown.text
    version = (await console.only_link()).version
    await console.send(page, "/disable")
    assert (await console.only_link()).version == version
    assert 'action="/admin/links/' in shown.text
    assert "The link is enabled" in (await console.follow(await console.send(shown, "/enable"))).text
    assert (await console.only_link()).usable


async def test_deleting_says_how_many_it_ends_and_ends_them(console: Console) -> None:
    """The page counts; the button deletes; pressed twice, or by two, the list says that it is gone."""
    link = (await console.site.make_link()).link
    alice = await console.site.store.account_by_name("alice")
    assert alice is not None
    for _ in range(3):
        await a_phone_of(console.site, alice, link)
    asked = await console.get(path_of(link) + "/delete")
    assert "3 sign-ins end at once" in asked.text
    done = await console.follow(await console.send(asked, "/delete"))
    assert "The link is deleted" in done.text
    assert (await console.only_link()).standing is Standing.DELETED
    assert (await console.site.store.usage(PhoneQuery(link_id=link.id), console.site.env.now)).live == 0
    assert "It is not there any more." in (await console.follow(await console.send(asked, "/delete"))).text


async def test_everybody_is_signed_out_and_the_link_stays(console: Console) -> None:
    """Sign-ins end, the link can be used again."""
    link = (await console.site.make_link()).link
    alice = await console.site.store.account_by_name("alice")
    assert alice is not None
    await a_phone_of(console.site, alice, link)
    asked = await console.get(path_of(link) + "/sign-out-all")
    assert "1 sign-in ends at once" in asked.text
    await console.send(asked, "/sign-out-all")
    assert (await console.site.store.usage(PhoneQuery(link_id=link.id), console.site.env.now)).live == 0
    assert (await console.only_link()).usable


async def test_a_secret_is_rotated_with_an_overlap(console: Console) -> None:
    """The new secret is told once; the one before works for the time that was chosen; pressed twice makes one."""
    link = (await console.site.make_link(WEB)).link
    form = await console.get(path_of(link) + "/secret")
    page = await console.follow(await console.send(form, "/secret", overlap="168"))
    assert 'id="client-secret"' in page.text
    rotated = await console.only_link()
    assert rotated.previous_secret_until == console.site.env.now + 7 * DAY
    twice = await console.send(form, "/secret", overlap="168")
    assert "No new secret was made" in twice.text
    assert await console.only_link() == rotated
    odd = await console.send(twice, "/secret", overlap="forever")
    assert odd.status_code == 303
    assert (await console.only_link()).previous_secret_until == console.site.env.now + DAY


async def test_a_native_link_has_no_secret_to_rotate(console: Console) -> None:
    """There is no such page for it."""
    link = (await console.site.make_link()).link
    assert (await console.get(path_of(link) + "/secret")).status_code == 404


@pytest.mark.parametrize("rest", ["", "/edit", "/credentials", "/secret", "/delete", "/sign-out-all", "/trial"])
async def test_a_link_that_is_not_there(console: Console, rest: str) -> None:
    """404 for an id that is none, an unknown one, and a deleted one."""
    for name in ("nonsense", "0" * 16):
        assert (await console.get(f"{LINKS}/{name}{rest}")).status_code == 404


@pytest.mark.parametrize("rest", ["/delete", "/secret", "/sign-out-all"])
async def test_what_is_dangerous_asks_for_the_password_after_a_while(console: Console, rest: str) -> None:
    """The page that leads to it asks first, and then goes on."""
    link = (await console.site.make_link(WEB)).link
    console.site.env.advance(16 * MINUTE)
    asked = await console.follow(await console.get(path_of(link) + rest))
    assert "Confirm that it is you" in asked.text
    right = await console.send(asked, "/confirm", password=PASSWORD, next=f"{console.site.base}{path_of(link)}{rest}")
    assert (await console.follow(right)).status_code == 200


@pytest.mark.parametrize("rest", ["/create", "/check", "/{id}/edit", "/{id}/disable", "/{id}/trial"])
async def test_a_form_without_its_page_token_does_nothing(console: Console, rest: str) -> None:
    """Whatever is posted without the token of a page of this session, the store stays as it was."""
    link = (await console.site.make_link(WEB)).link
    path = LINKS + rest.replace("{id}", public_id(link.id))
    answer = await console.site.client.post(console.site.base + path, data={**GOOD, "version": "1"})
    assert answer.status_code in (200, 303)
    assert await console.only_link() == link


async def test_the_list_goes_on_by_name(console: Console) -> None:
    """Thirty links are two pages in the order of their names; deleted ones are on neither."""
    from dataclasses import replace

    from genkan.protocol.outcomes import Change, PutLink

    for number in range(30):
        link = (await console.site.make_link(WEB)).link
        named = replace(link, name=f"App {number:02}", version=link.version + 1)
        assert await console.site.store.apply(Change((PutLink(named),)))
    first = await console.get(LINKS)
    assert first.text.count("<bdi>App") == 25
    following = first.text.partition('class="pager"')[2].partition('href="')[2].partition('"')[0]
    second = await console.get(unescape(following))
    assert "App 25" in second.text
    assert "App 24" not in second.text
    assert second.text.count("<bdi>App") == 5


@pytest.mark.parametrize("name", ["a%0d%0aset-cookie:%20x=y", "%c3%a9", "%2e%2e", "a%00b", "%25"])
async def test_a_name_in_the_address_ends_no_header(console: Console, name: str) -> None:
    """Whatever is put in the place of an id, forms without their token lead back and set nothing."""
    for rest in ("/disable", "/delete", "/trial", "/sign-out-all"):
        answer = await console.site.client.post(f"{console.site.base}{LINKS}/{name}{rest}", data={"x": "y"})
        assert answer.status_code in (303, 404), rest
        assert "set-cookie" not in answer.headers
        assert "\n" not in answer.headers.get("location", "")
