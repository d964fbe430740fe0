"""What a configuration's sign-in policy asks for. Pure."""

from msgspec import UnsetType

from genkan.ops.configuration import SignInEntry
from genkan.ops.draft import Draft, differences, good
from genkan.protocol.env import SECOND
from genkan.protocol.records import Site
from genkan.protocol.signin.site_policy import PolicyWish, set_policy
from genkan.protocol.signin.ways import words_of
from genkan.site.api.bodies import ways_asked

SIGN_IN = "sign_in"


def plan_sign_in(entry: SignInEntry, draft: Draft) -> None:
    """Change what differs. Whether a system administrator has a way in by what is left is seen when it is applied: the
    same file may have just made the account.
    """
    now, age = draft.present.site, entry.max_age_seconds
    wish = PolicyWish(
        now.ways if isinstance(entry.ways, UnsetType) else ways_asked(entry.ways),
        now.max_age if isinstance(age, UnsetType) else age * SECOND or None,
    )
    change = good(SIGN_IN, set_policy(now, wish, draft.here, draft.actor, draft.env, somebody_left=True))
    if change.steps:
        told = differences(_told(now), _told(wish))
        draft.do(f"change how people sign in: {told}", change)


def _told(of: Site | PolicyWish) -> dict[str, object]:
    return {"ways": words_of(of.ways), "max_age_seconds": of.max_age // SECOND if of.max_age else None}
