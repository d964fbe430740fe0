"""An OpenID provider as an operator describes it: the ``[[openid]]`` tables of the sign-on file."""

from typing import Annotated, Literal

from msgspec import Meta

from genkan.protocol.env import DAY, SECOND
from genkan.sources.base import Source
from genkan.wire import urls

# RFC 8725 3.1: what is not in this list is not verified, whatever a provider says of itself. No MAC among them: the
# client's secret is no key of the provider.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "RS384", "RS512", "PS384", "PS512", "ES384", "ES512", "Ed25519")

USUAL, OFFLINE = ("openid", "profile", "email"), "offline_access"


class OpenIDSource(Source, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One OpenID provider that people sign in at."""

    issuer: Annotated[
        str,
        Meta(
            description="The provider's issuer, exactly as it writes it itself; discovery is read from below it. It "
            "must be https, unless it is loopback."
        ),
    ]
    client_id: Annotated[str, Meta(description="What the provider calls this site.", min_length=1, max_length=500)]
    client_secret_file: Annotated[
        str, Meta(description="A file with the secret that the provider gave, for client_secret_basic and _post.")
    ] = ""
    private_key_file: Annotated[
        str, Meta(description="A file with a private key in PEM, for private_key_jwt, instead of a secret.")
    ] = ""
    scopes: Annotated[
        tuple[str, ...],
        Meta(
            description="What is asked for. Unset: openid, profile and email, and offline_access where the provider's "
            "discovery document lists it, so that people are asked after in the background by its refresh token."
        ),
    ] = ()
    algorithms: Annotated[tuple[str, ...], Meta(description="Which signatures of the provider's tokens count.")] = (
        "RS256",
        "PS256",
        "ES256",
        "EdDSA",
    )
    name_claim: Annotated[str, Meta(description="The claim that is the user name.")] = "preferred_username"
    display_name_claim: Annotated[str, Meta(description="The claim that is the display name.")] = "name"
    email_claim: Annotated[str, Meta(description="The claim that is the e-mail address.")] = "email"
    groups_claim: Annotated[str, Meta(description="The claim with the groups. Unset: groups are not taken over.")] = ""
    email_verified: Annotated[
        bool,
        Meta(
            description="Whether every address that the provider gives counts as verified, though it does not say so. "
            "An address of another claim than email never does without this."
        ),
    ] = False
    consent: Annotated[
        bool,
        Meta(description="Whether prompt=consent is sent, which some providers want before they give a refresh token."),
    ] = False
    assertion_audience: Annotated[
        Literal["issuer", "token_endpoint"],
        Meta(description="Whom a private_key_jwt names as its reader: the issuer, or its token endpoint's address."),
    ] = "issuer"
    acr_values: Annotated[
        str, Meta(description="What is sent as acr_values, for providers that choose the way to sign in by it.")
    ] = ""
    strong: Annotated[
        tuple[str, ...],
        Meta(
            description="Values of amr or acr by which the provider says that more than a password was used; such a "
            "sign-in counts as multi-factor here. Empty: none does."
        ),
    ] = ()
    fresh_days: Annotated[
        int,
        Meta(
            description="Where the provider gives no refresh token: after how many days without a sign-in at the "
            "provider a person is held, which means disabled until they sign in there again. 0: never.",
            ge=0,
            le=3650,
        ),
    ] = 30
    auto: Annotated[
        bool,
        Meta(
            description="Whether the sign-in page goes straight to the provider where that is the only way to sign in. "
            "/login?local=1 stays the way round it."
        ),
    ] = False
    logout: Annotated[
        Literal["browsers", "everything"],
        Meta(
            description="What a sign-out at the provider ends here (back-channel logout): the browsers that signed in "
            "by it, or everything of the person, phones too."
        ),
    ] = "browsers"
    clock_seconds: Annotated[
        int, Meta(description="How far the provider's clock may be off, in seconds.", ge=0, le=300)
    ] = 60
    timeout_seconds: Annotated[
        int, Meta(description="How long one request to the provider may take, in seconds.", ge=1, le=30)
    ] = 10

    def __post_init__(self) -> None:
        """What no type says."""
        super().__post_init__()
        parsed = urls.parse_base_url(self.issuer, allow_http=False)
        if isinstance(parsed, urls.BaseURLProblem):
            raise ValueError(f"issuer: {parsed.sentence}")  # noqa: TRY004 - the value is wrong, not its type
        if self.client_secret_file and self.private_key_file:
            raise ValueError("private_key_file: name a secret or a private key, not both")
        if (self.scopes and "openid" not in self.scopes) or not all(_is_word(scope) for scope in self.scopes):
            raise ValueError('scopes: write a list of words with "openid" in it')
        unknown = [name for name in self.algorithms if name not in ALGORITHMS]
        if unknown or not self.algorithms:
            raise ValueError(f"algorithms: write some of {', '.join(ALGORITHMS)}")

    def scopes_at(self, listed: tuple[str, ...]) -> tuple[str, ...]:
        """What is asked for at a provider whose discovery document lists these; what the operator wrote is not added
        to.
        """
        # OpenID Connect Core 11: offline_access asks for a refresh token. Many providers end a sign-in that asks for a
        # scope they do not know, so only one that lists it is asked.
        return self.scopes or (*USUAL, *(name for name in (OFFLINE,) if name in listed))

    @property
    def fresh(self) -> int:
        """How long a sign-in at the provider counts, in milliseconds; 0 for ever."""
        return self.fresh_days * DAY

    @property
    def leeway(self) -> int:
        """How far its clock may be off, in milliseconds."""
        return self.clock_seconds * SECOND


def _is_word(text: str) -> bool:
    """RFC 6749 3.3: a scope token."""
    return 0 < len(text) <= 100 and all(c == "!" or "#" <= c <= "~" for c in text) and "\\" not in text
