"""The one gate that every sign-in goes through, whatever its way: is the way taken here, and is the person active? Only
this module opens sessions.
"""

from genkan.protocol.env import Env
from genkan.protocol.outcomes import Refused
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Method, Standing, Way
from genkan.protocol.signin.session import Browser, NewSession, open_session
from genkan.protocol.signin.ways import way_of


def enter(
    account: Account, method: Method, ways: Way, browser: Browser, env: Env, lifetimes: Lifetimes, certificate: int = 0
) -> NewSession | Refused:
    """A new session of somebody who was recognized by ``method``. ``ways`` are the ways that are taken where the person
    wants to go (Demand.ways). A stopped person is refused like somebody who was not recognized.

    A one-time link or code goes no way: it always opens a session, so that a way in can be made anew, and the hub takes
    that session only where a password would do.
    """
    if account.standing is not Standing.ACTIVE:
        return Refused(Reason.SIGN_IN_FAILED)
    way = way_of(method)
    if way not in ways or (way is Way.NONE and Method.RECOVERY not in method):
        return Refused(Reason.WAY_NOT_TAKEN)
    return open_session(account, method, browser, env, lifetimes, certificate)
