"""Which models of authenticators a site takes. Without a list of them any will do, and what a key says of its model is
shown and never believed.
"""

from dataclasses import dataclass
from typing import Protocol

from genkan.protocol.env import Env
from genkan.protocol.signin.passkey_checks import Check
from genkan.protocol.signin.passkey_data import Created
from genkan.protocol.signin.passkey_library import is_self_consistent
from genkan.protocol.signin.passkey_metadata import Metadata


@dataclass(frozen=True, slots=True)
class Attested:
    """The credential will do; ``proved``: its maker vouches for its model."""

    proved: bool


class Models(Protocol):
    """A rule about models."""

    def judge(self, created: Created, challenge: bytes, rp_id: str, env: Env) -> Attested | Check:
        """Whether this credential is taken."""
        ...

    def name_of(self, aaguid: bytes) -> str:
        """What people call the model; empty where nobody has said."""
        ...


@dataclass(frozen=True, slots=True)
class NoModels:
    """Any model will do. WebAuthn 7.1 steps 21 to 24: no attestation is asked for, and none but the key's own taken."""

    metadata: Metadata | None = None

    def judge(self, created: Created, challenge: bytes, rp_id: str, env: Env) -> Attested | Check:  # noqa: ARG002
        """Whether this credential is taken."""
        return Attested(proved=False) if is_self_consistent(created, challenge, rp_id) else Check.KEY

    def name_of(self, aaguid: bytes) -> str:
        """As the metadata file says, where there is one."""
        model = self.metadata.models.get(aaguid) if self.metadata else None
        return model.name if model else ""
