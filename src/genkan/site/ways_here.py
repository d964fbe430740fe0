"""What can let people in at this site as it is set up."""

from typing import TYPE_CHECKING

from genkan.protocol.certificates.owners import ByRules
from genkan.protocol.certificates.rules import Rule, RuleProblem, parse_rules
from genkan.protocol.entrances import Entrances
from genkan.protocol.signin.ways import entrances_of
from genkan.settings import Settings

if TYPE_CHECKING:
    # Commands read the settings alone, and load no server for it.
    from genkan.site.door import Door


def entrances_here(door: "Door") -> Entrances:
    """The ways that this site can take as it is set up, and for whom."""
    sign_on = door.sign_on
    return entrances_of(
        door.public,
        door.settings.former,
        certificates=bool(door.settings.client_ca),
        providers=sign_on.upstreams,
        judges=[source.name for source in sign_on.sources if source.name not in sign_on.upstreams],
        owners=ByRules(tuple(door.certificates.rules)),
    )


def rules_set(settings: Settings) -> tuple[Rule, ...]:
    """The site's rules from certificates to accounts; which were good when the settings were read."""
    rules = parse_rules(settings.certificate_rules)
    return () if isinstance(rules, RuleProblem) else rules


def entrances_set(settings: Settings) -> Entrances:
    """The same as the settings alone tell it, for who runs no server."""
    sign_on = settings.read_sign_on()
    return entrances_of(
        settings.public,
        settings.former,
        certificates=bool(settings.client_ca),
        providers=[source.name for source in sign_on.openid],
        judges=[source.name for source in sign_on.ldap],
        owners=ByRules(rules_set(settings)),
    )
