"""The site's rules from a certificate's names to accounts: ``SOURCE[@DOMAIN]=TARGET``, in order, from the settings."""

from dataclasses import dataclass
from enum import StrEnum

from genkan.protocol.accounts import fold
from genkan.protocol.certificates.naming import Kind, Leaf, Unusable
from genkan.wire import uri

MOST_RULES = 16
_WITH_DOMAIN = frozenset({Kind.UPN, Kind.EMAIL, Kind.SUBJECT_EMAIL})


class Target(StrEnum):
    """What of an account is compared."""

    NAME = "name"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Key:
    """What to look an account up by: a folded name, or an e-mail address in lower case."""

    target: Target
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """With a ``domain``, only names in it count, and what stands before the @ is what is compared."""

    source: Kind
    target: Target
    domain: str = ""

    def __str__(self) -> str:
        return f"{self.source}{f'@{self.domain}' if self.domain else ''}={self.target}"

    def key(self, leaf: Leaf) -> Key | Unusable | None:
        """What this rule would look up: None where it says nothing of this certificate."""
        text = leaf.the_one(self.source)
        if text is None or isinstance(text, Unusable):
            return text
        if self.domain:
            local, at, host = text.rpartition("@")
            if not at or host.lower() != self.domain:
                return None
            text = local
        return self._key_of(text)

    def _key_of(self, text: str) -> Key | Unusable:
        if self.target is Target.NAME:
            folded = fold(text)
            return Unusable(f"its {self.source} cannot be a user name") if folded is None else Key(self.target, folded)
        address = plain_address(text)
        return Unusable(f"its {self.source} is no e-mail address") if address is None else Key(self.target, address)


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """What is wrong with a rule, as half a sentence."""

    wrong: str


def plain_address(text: str) -> str | None:
    """An e-mail address as addresses are compared: ASCII, one @, a host name behind it, in lower case."""
    local, at, host = text.partition("@")
    good = at and local and text.isascii() and "@" not in host and uri.is_host_name(host)
    return text.lower() if good else None


def parse_rules(texts: tuple[str, ...]) -> tuple[Rule, ...] | RuleProblem:
    """The rules in the order in which they are tried."""
    if len(texts) > MOST_RULES:
        return RuleProblem(f"at most {MOST_RULES} rules")
    rules = []
    for text in texts:
        rule = _parse(text)
        if isinstance(rule, RuleProblem):
            return rule
        if rule in rules:
            return RuleProblem(f"{text!r} stands there twice")
        rules.append(rule)
    return tuple(rules)


def _parse(text: str) -> Rule | RuleProblem:
    left, equals, target = text.partition("=")
    source, at, domain = left.partition("@")
    if not equals or source not in set(Kind) or target not in set(Target):
        return RuleProblem(
            f"{text[:80]!r} is no rule; write one of {', '.join(Kind)}, then = and one of {', '.join(Target)}, "
            "as in upn=name"
        )
    rule = Rule(Kind(source), Target(target), domain.lower())
    if at and (rule.source not in _WITH_DOMAIN or rule.target is Target.EMAIL or not uri.is_host_name(rule.domain)):
        return RuleProblem(f"{text[:80]!r}: a domain stands behind upn, email or subject-email, and before =name")
    return rule
