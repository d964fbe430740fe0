"""Virtual authenticators of Chromium: a key that answers to a page without a person, through the developer tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import CDPSession, Page


class VirtualKey:
    """One authenticator of one page. ``touching`` answers by itself, as a person who is always there would."""

    def __init__(self, session: CDPSession, number: str) -> None:
        self.session = session
        self.number = number

    async def credentials(self) -> list[dict[str, Any]]:
        """The passkeys that it keeps."""
        answer = await self._send("getCredentials")
        found: list[dict[str, Any]] = answer["credentials"]
        return found

    async def verify(self, known: bool) -> None:
        """From now on the person is recognised, or not."""
        await self._send("setUserVerified", isUserVerified=known)

    async def touch(self, touching: bool) -> None:
        """From now on somebody touches it when it asks, or not."""
        await self._send("setAutomaticPresenceSimulation", enabled=touching)

    async def add(self, credential: dict[str, Any]) -> None:
        """Put a passkey into it, as a thief who had read one out would."""
        await self._send("addCredential", credential=credential)

    async def forget(self) -> None:
        """Keep none any more."""
        await self._send("clearCredentials")

    async def unplug(self) -> None:
        """It is gone."""
        await self._send("removeVirtualAuthenticator")

    async def _send(self, method: str, **more: object) -> dict[str, Any]:
        answer: dict[str, Any] = await self.session.send(f"WebAuthn.{method}", {"authenticatorId": self.number, **more})
        return answer


async def plug_in(page: Page, *, touching: bool = True, verified: bool = True, **options: object) -> VirtualKey:
    """A phone or a laptop's own authenticator, with passkeys that are found without a user name."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable", {"enableUI": False})
    return await another(session, touching=touching, verified=verified, **options)


async def another(
    session: CDPSession, *, touching: bool = True, verified: bool = True, **options: object
) -> VirtualKey:
    """One more authenticator beside the first."""
    made = await session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "ctap2Version": "ctap2_1",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": verified,
                "automaticPresenceSimulation": touching,
                **options,
            }
        },
    )
    return VirtualKey(session, made["authenticatorId"])
