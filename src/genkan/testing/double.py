"""``SiteDouble``: the site as tests hold it, from start to end; every method may be called from any thread but the
site's own.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from genkan.testing.clock import SiteClock
from genkan.testing.network import Network
from genkan.testing.person import Person, RealBrowser
from genkan.testing.setup import PASSWORD, AppLink, Credentials, Setup, SetupRefused, Somebody
from genkan.wire.pkce import challenge_of
from genkan.wire.redirects import Kind, parse_redirect

if TYPE_CHECKING:
    # The server's code takes a second to import, which a test run without such a test should not pay.
    from genkan.testing.asked import Asked, Reply
    from genkan.testing.faults import Faults
    from genkan.testing.hosting import Hosted

_VERIFIER = "a-verifier-that-every-sign-in-of-a-test-double-shares"
_STATE = "the-state-of-a-test"
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


@dataclass(frozen=True, slots=True)
class SeenPhone:
    """A row of the site's list of phones. ``generation`` counts refreshes."""

    id: str
    person: str
    client_id: str
    state: str
    reason: str
    generation: int


class SiteDouble:
    """A site on loopback that behaves as the real one, because it is, until it is told to misbehave.

    A context manager: it answers from ``__enter__`` to ``__exit__``, and leaves nothing behind.
    """

    def __init__(self, setup: Setup | None = None) -> None:
        self.setup = setup or Setup()
        self.clock = SiteClock(self.setup.clock_skew)
        self.links: dict[str, Credentials] = {}
        self._passwords: dict[str, str] = {}
        self._network = Network()
        self._folder: Path | None = None
        self._hosted: Hosted | None = None

    def start(self) -> Self:
        """Open it. Raises SetupRefused with one sentence."""
        from genkan.testing.hosting import Hosted  # noqa: PLC0415 - see above

        # What is durable there is gone with the machine, and a test's site does not outlive the test.
        self._folder = Path(tempfile.mkdtemp(prefix="genkan-", dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None))
        try:
            self._hosted = Hosted(self._folder, self.setup, self.clock)
            for somebody in self.setup.people:
                self.add_person(somebody)
            for link in self.setup.links:
                self.add_link(link)
            if self.setup.switch:
                self.switch_on()
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """End it; may be called again. Raises what a function of the test's own raised while the site ran."""
        self._network.close()
        hosted, self._hosted = self._hosted, None
        if hosted is not None:
            hosted.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        if hosted is not None:
            hosted.tell()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def base_url(self) -> str:
        """The site's address, context path included."""
        return self._open.origin + self.setup.path

    @property
    def faults(self) -> "Faults":
        """What it shall do wrong, and what it was asked."""
        return self._open.faults

    def add_person(self, somebody: Somebody | str) -> Somebody:
        """Somebody who can sign in."""
        from genkan.testing import acts  # noqa: PLC0415 - see above

        person = Somebody(somebody) if isinstance(somebody, str) else somebody
        self._open.call(lambda: acts.add_person(self._open.door, person))
        self._passwords[person.name] = person.password
        return person

    def add_link(self, link: AppLink) -> Credentials:
        """An application link; kept in ``links`` by its name."""
        from genkan.testing import acts  # noqa: PLC0415 - see above

        made = self._open.call(lambda: acts.add_link(self._open.door, link))
        self.links[link.name] = made
        return made

    def rotate_secret(self, name: str) -> Credentials:
        """A new secret for a link by its name; the one before counts no more. Kept in ``links`` as well."""
        from genkan.testing import acts  # noqa: PLC0415 - see above

        client_id = self.links[name].client_id
        made = self._open.call(lambda: acts.rotate_secret(self._open.door, client_id))
        self.links[name] = made
        return made

    def serve(self, path: str, answer: "Callable[[Asked], Reply]") -> None:
        """From now on an application of the test's own is behind the site, at this path and below.

        Each request needs an access token that the site takes: READ for GET, HEAD and OPTIONS, WRITE for the others;
        without one it is the site that answers. The function runs in a thread; ``headers`` of what it gets have
        ``remote-user`` and the others of docs/how-to/protect-an-application.md in place of the token.
        """
        self._open.applications.serve(path, answer)

    def switch_on(self) -> Credentials:
        """Announce OAuth 2.0 to the app; the link that phones are told of."""
        from genkan.testing import acts  # noqa: PLC0415 - see above

        made = self._open.call(lambda: acts.turn_switch(self._open.door, True, False))
        if made is None:
            raise SetupRefused("the switch made no link")
        return made

    def switch_off(self, *, sign_out: bool = False) -> None:
        """Announce it no longer; with ``sign_out`` every phone is signed out as well."""
        from genkan.testing import acts  # noqa: PLC0415 - see above

        self._open.call(lambda: acts.turn_switch(self._open.door, False, sign_out))

    def phones(self) -> list[SeenPhone]:
        """Everybody who ever signed in by an app, newest first."""
        from genkan.testing import acts  # noqa: PLC0415 - see above

        return [
            SeenPhone(
                seen.row.grant.id.hex(),
                seen.row.account.name,
                seen.row.link.client_id,
                seen.state.value,
                seen.reason,
                seen.row.grant.generation,
            )
            for seen in self._open.call(lambda: acts.each_phone(self._open.door))
        ]

    def sign_out(self, *, phone: str | None = None, person: str | None = None) -> None:
        """An administrator signs out one phone by its id, a person everywhere, or (neither) everybody."""
        from genkan.testing import acts  # noqa: PLC0415 - see above

        door = self._open.door
        if phone is not None:
            grant_id = _id_of(phone)
            self._open.call(lambda: acts.sign_out_phone(door, grant_id))
        elif person is not None:
            self._open.call(lambda: acts.sign_out_person(door, person))
        else:
            self._open.call(lambda: acts.sign_out_everyone(door))

    def rotate_keys(self, *, revoke: bool = False) -> None:
        """Seal with a new key; with ``revoke`` everybody whose tokens the old one sealed is signed out."""
        from genkan.testing import acts  # noqa: PLC0415 - see above

        self._open.call(lambda: acts.rotate_keys(self._open.door, revoke=revoke))

    def person(self, name: str = "alice", *, decision: str = "allow", password: str | None = None) -> Person:
        """Somebody with a browser of their own. Call it with the address to open: it gives the one that leaves the
        site, where a phone would be handed the code, or None where the way ends on a page.
        """
        browser = RealBrowser(self._network)
        return Person(browser, name, (password or self._passwords.get(name, PASSWORD),), decision)

    def tokens(self, name: str = "alice", link: Credentials | None = None, scope: str | None = None) -> dict[str, Any]:
        """The whole way through browser and code exchange in one call: the token answer's document.

        Without ``link`` it is the app's, which a site has once the switch was on.
        """
        import httpx2  # noqa: PLC0415 - see above

        credentials = link or self._announced()
        redirect = next((uri for uri in credentials.redirects if not _is_web(uri)), credentials.redirects[0])
        asked = {
            "response_type": "code",
            "client_id": credentials.client_id,
            "redirect_uri": redirect,
            "state": _STATE,
            "code_challenge": challenge_of(_VERIFIER),
            "code_challenge_method": "S256",
            **({"scope": scope} if scope else {}),
        }
        person = self.person(name)
        end = person(f"{self.base_url}/rest/oauth2/latest/authorize?{urlencode(asked)}")
        answer = parse_qs(urlsplit(end or "").query)
        if "code" not in answer:
            raise SetupRefused(f"{name} cannot sign in: {answer.get('error_description', [person.said])[0]}")
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"][0],
            "client_id": credentials.client_id,
            "redirect_uri": redirect,
            "code_verifier": _VERIFIER,
            **({"client_secret": credentials.client_secret} if credentials.client_secret else {}),
        }
        client = httpx2.Client(trust_env=False, timeout=30, transport=self._network)
        reply = client.post(f"{self.base_url}/rest/oauth2/latest/token", data=form)
        return dict(reply.raise_for_status().json())

    def _announced(self) -> Credentials:
        from genkan.testing import acts  # noqa: PLC0415 - see above

        found = self._open.call(lambda: acts.app_link(self._open.door))
        if found is None:
            raise SetupRefused("the switch was never on, so there is no link of the app: switch_on(), or name a link")
        return found

    @property
    def _open(self) -> "Hosted":
        if self._hosted is None:
            raise SetupRefused("the site is not open: use it inside `with SiteDouble() as site:`")
        return self._hosted


def _id_of(phone: str) -> bytes:
    try:
        return bytes.fromhex(phone)
    except ValueError:
        raise SetupRefused(f"{phone!r} is the id of no phone: take one from phones()") from None


def _is_web(uri: str) -> bool:
    parsed = parse_redirect(uri, allow_http=True)
    return getattr(parsed, "kind", None) is not Kind.PRIVATE_USE
