"""``genkan app``: the app's side on a terminal. Owns words, options and exit statuses; the work is ``genkan.app``'s."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan import clock
from genkan.app.advice import advice_on
from genkan.app.agent import NoDoor, UserAgent
from genkan.app.choice import Unclear, entry_of
from genkan.app.discovery import Wanted, wrong_redirect
from genkan.app.machine import Machine
from genkan.app.outcomes import Access, Kept, NotReady, Problem, Ready, SiteSetUpWrong
from genkan.app.session import Sessions
from genkan.app.startup import choices_of
from genkan.app.state import Site
from genkan.app.steps import Answer
from genkan.app.vault import Vault
from genkan.cli.app_helpers import git_credential, keyring
from genkan.cli.app_input import delivered_in, insecure_http, secret_in
from genkan.cli.app_inspect import inspect
from genkan.cli.app_logout import logout
from genkan.cli.app_request import request
from genkan.cli.app_session import (
    AccountName,
    Address,
    AsJson,
    Redirects,
    agent,
    chosen,
    opened,
    readable,
    say_hidden,
    shelter,
    told,
)
from genkan.cli.app_status import status
from genkan.cli.app_words import (
    DONE,
    NO,
    SET_UP,
    fail,
    finding_row,
    findings_of,
    person,
    print_body,
    print_json,
    say,
    site_line,
    site_row,
    stopped,
    tell_findings,
    token_row,
)
from genkan.wire.login_screen import completed
from genkan.wire.redirects import find
from genkan.wire.scopes import Permission, parse_scope
from genkan.wire.sentences import visible

app = cyclopts.App(
    name="app",
    help="The app's side on a terminal: find a site, sign in through the browser, call its API.",
    help_epilogue=(
        "Sessions are kept in encrypted files, with their key in the keyring of this system, else in another file; "
        "GENKAN_APP_VAULT and GENKAN_APP_DIR say which and where. GENKAN_BROWSER is a command that opens an address "
        "instead of your browser. GENKAN_INSECURE_HTTP=1 lets plain http leave this machine."
    ),
)

SitesFile = Annotated[
    Path | None,
    Parameter(name="--sites", env_var="GENKAN_APP_SITES", help="The `sites` value of the MDM set-up, in a file."),
]


for _command in (request, status, inspect, git_credential, keyring):
    app.command(_command)


@app.command
@told
def sites(
    *,
    sites_file: SitesFile = None,
    as_json: AsJson = False,
) -> int:
    """Show the sites of the MDM set-up and the sessions that are kept here.

    Example: genkan app sites --sites sites.json
    """
    delivered = delivered_in(sites_file, allow_http=insecure_http(os.environ))
    if isinstance(delivered, int):
        return delivered
    with opened() as sessions:
        kept = sessions.saved()
    say_hidden(kept)
    saved = readable(kept)
    choices = choices_of(delivered, saved)
    tell_findings(delivered)
    if as_json:
        rows = [site_row(choice, saved) for choice in choices]
        print_json({"sites": rows, "findings": [finding_row(found) for found in findings_of(delivered)]})
    else:
        for choice in choices:
            print(site_line(choice, saved))
        if not choices:
            print("No site yet: run genkan app login URL.")
    return SET_UP if delivered and delivered.broken else DONE


@app.command
@told
def login(
    url: Annotated[str | None, Parameter(help="The site's address; not needed when --sites names one site.")] = None,
    /,
    *,
    browser: Annotated[bool, Parameter(help="Open a browser; else print the address and read the answer.")] = True,
    sites_file: SitesFile = None,
    client_id: Annotated[str | None, Parameter(help="The client ID, where the site does not tell it.")] = None,
    client_secret_file: Annotated[Path | None, Parameter(help="A file with the secret of a link that has one.")] = None,
    redirect: Redirects = (),
    scope: Annotated[
        str | None, Parameter(help="READ, WRITE, ADMIN or SYSTEM_ADMIN instead of the site's own.")
    ] = None,
    private: Annotated[
        bool | None,
        Parameter(negative="--shared", help="Ask for a new sign-in, or share the browser's where MDM lets you."),
    ] = None,
) -> int:
    """Sign in to a site through the browser and keep the session.

    Example: genkan app login https://jira.example.com
    """
    if scope is not None and parse_scope(scope) is None:
        return fail(f"--scope {scope}: write one of {', '.join(Permission.__members__)}.", SET_UP)
    if wrong := wrong_redirect(redirect):
        return stopped(wrong)
    delivered = delivered_in(sites_file, allow_http=insecure_http(os.environ))
    if isinstance(delivered, int):
        return delivered
    tell_findings(delivered)
    entry = entry_of(delivered, url)
    if isinstance(entry, Unclear):
        return fail(entry.sentence, SET_UP)
    secret = secret_in(client_secret_file)
    if isinstance(secret, int):
        return secret
    address = completed(url) if url is not None else entry.base_url if entry else ""
    wanted = Wanted(address, entry, client_id, secret, scope, insecure_http(os.environ), redirect)
    # The place is proved first: a sign-in that cannot be kept would be lost after all the trouble of it.
    vault = shelter().prepare(clock.draw)
    with opened(vault) as sessions:
        return _login(sessions, vault, wanted, private=private, agent=agent(browser=browser))


def _login(sessions: Sessions, vault: Vault, wanted: Wanted, *, private: bool | None, agent: UserAgent) -> int:
    found = sessions.discover(wanted)
    if not isinstance(found, Ready):
        return _stopped(found, wanted.address)
    for note in found.notes:
        say(note)
    site = replace(found.site, share_browser_session=False) if private else found.site
    door = agent.open_door(site.redirect_uris)
    if isinstance(door, NoDoor):
        return stopped(SiteSetUpWrong(door.sentence))
    try:
        kept = sessions.sign_in(site, door)
    finally:
        door.close()
    if not isinstance(kept, Kept):
        return _stopped(kept, site.base_url, site, find(site.redirect_uris, door.redirect_uri))
    for note in kept.notes:
        say(note)
    print(f"Signed in as {kept.state.label}. The session is kept in {vault.words}.")
    return DONE


def _stopped(outcome: NotReady | Problem, address: str, site: Site | None = None, redirect: str | None = None) -> int:
    """What stops a sign-in, and below it what the doctor says to change first where somebody has to."""
    status = stopped(outcome)
    advice = advice_on(outcome, address, Machine(), site, redirect)
    for line in advice.splitlines():
        say(visible(line))
    return status


@app.command
@told
def whoami(
    url: Address = None,
    /,
    *,
    account: AccountName = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="Print the `myself` document.")] = False,
) -> int:
    """Say who is signed in, by asking the site.

    Example: genkan app whoami --json
    """
    with opened() as sessions:
        state = chosen(sessions, url, account)
        if isinstance(state, int):
            return state
        answer = sessions.open(state.id).whoami()
    if not isinstance(answer, Answer):
        return stopped(answer, state)
    if answer.status != 200:
        return fail(f"{state.site.name} answers {answer.status} when asked who is signed in.", NO)
    if as_json:
        return print_body(answer.body)
    print(person(answer.body, state))
    return DONE


@app.command
@told
def token(
    url: Address = None,
    /,
    *,
    account: AccountName = None,
    bare: Annotated[bool, Parameter(negative="", help="Print the token alone (this is the default).")] = False,
    header: Annotated[bool, Parameter(negative="", help="Print it as an Authorization header.")] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="Print it with what is known of it.")] = False,
) -> int:
    """Print an access token that can be used now, for scripts; it is renewed first when it has to be.

    Example: curl -H "$(genkan app token --header)" https://jira.example.com/rest/api/2/myself
    """
    if bare + header + as_json > 1:
        return fail("Choose one of --bare, --header and --json.", SET_UP)
    with opened() as sessions:
        state = chosen(sessions, url, account)
        if isinstance(state, int):
            return state
        access = sessions.open(state.id).access()
    if not isinstance(access, Access):
        return stopped(access, state)
    if as_json:
        print_json(token_row(access, state))
    else:
        print(f"Authorization: Bearer {access.token}" if header else access.token)
    return DONE


app.command(logout)
