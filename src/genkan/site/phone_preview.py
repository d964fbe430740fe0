"""What the phone preview knows of this site: what its switch tells, and what the provider says to the app's own
request, decided by the provider's very rules. Issues nothing and counts nowhere.
"""

from genkan.mdm.preview import REDIRECT, Here, Refusal
from genkan.protocol.authorize import AuthorizeAsked, ErrorRedirect, GoOn, consider
from genkan.protocol.env import Env
from genkan.protocol.reasons import entry
from genkan.protocol.records import Link
from genkan.site.door import Door
from genkan.site.switch import announced, load_switch
from genkan.wire import pkce
from genkan.wire.managed import Managed
from genkan.wire.scopes import Permission

# Nobody redeems anything with it: the request is only considered.
_CHALLENGE = pkce.challenge_of("genkan-preview-genkan-preview-genkan-preview-genkan")


async def here(managed: Managed, door: Door) -> Here:
    """What becomes of the app's request with each client id that a phone could have for this site."""
    site, link = await load_switch(door.store)
    told = announced(site, link, door.endpoints).client_id
    ours = (one.oauth for one in managed.sites if one.base_url == door.public.text)
    known = {oauth.client_id for oauth in ours if oauth is not None} | ({told} if told else set())
    env = door.env()
    answers = {client: _answer(client, await door.store.link_by_client_id(client), env) for client in known}
    return Here(door.public.text, told, answers)


def _answer(client_id: str, link: Link | None, env: Env) -> Refusal | None:
    asked = AuthorizeAsked(client_id, REDIRECT, "code", Permission.WRITE.name, None, _CHALLENGE, "S256", None, False)
    outcome = consider(asked, link, env)
    if isinstance(outcome, GoOn):
        return None
    # RFC 6749 4.1.2.1: what is wrong with client or address is told on a page, all else to the app.
    return Refusal(entry(outcome.refused.reason).public, in_app=isinstance(outcome, ErrorRedirect))
