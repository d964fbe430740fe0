"""What a sign-in page shows: the ways that are allowed, can meet what is asked and are set up on this site."""

from dataclasses import dataclass

from genkan.protocol.records import ALL_WAYS, Way


@dataclass(frozen=True, slots=True)
class Offer:
    """``ways`` may be shown. The part of the page that is about one way asks for its own name."""

    ways: Way = ALL_WAYS

    def without_keys(self) -> "Offer":
        """What is left where passkeys and certificates cannot work: in a web view inside another app."""
        return Offer(self.ways & ~(Way.PASSKEY | Way.CERTIFICATE))

    @property
    def password(self) -> bool:
        """Whether a password is asked for; also one that a directory (LDAP) knows."""
        return Way.PASSWORD in self.ways

    @property
    def passkey(self) -> bool:
        """Whether a passkey counts."""
        return Way.PASSKEY in self.ways

    @property
    def certificate(self) -> bool:
        """Whether a client certificate counts."""
        return Way.CERTIFICATE in self.ways

    @property
    def corporate(self) -> bool:
        """Whether the organisation's own sign-in counts."""
        return Way.CORPORATE in self.ways
