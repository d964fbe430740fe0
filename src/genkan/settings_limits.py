"""The settings of how much at once, and how often."""

from typing import Annotated

from msgspec import Meta

from genkan.settings_passkeys import PasskeyFields

Count = Annotated[int, Meta(ge=0, le=1_000_000)]


class LimitFields(PasskeyFields, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an operator may set about overload."""

    clock_doubt_seconds: Annotated[
        int,
        Meta(
            description="How long at most a leap of the machine's clock is doubted that its boot clock does not "
            "confirm, where nobody does: meanwhile the site is not ready and answers 503. A shorter leap is doubted "
            "for as long as it is. 0: each is believed at once.",
            ge=0,
            le=30 * 86400,
        ),
    ] = 3600
    most_requests: Annotated[
        int,
        Meta(
            description="How many requests of programs and phones are answered at once, and how many of people's "
            "browsers beside them. What comes beyond that is answered 503 with Retry-After at once.",
            ge=1,
            le=100_000,
        ),
    ] = 1000
    most_connections: Annotated[
        int,
        Meta(
            description="How many connections may be open. Beyond that the one that has been idle for longest makes "
            "room; where none is idle, the newest is answered 503. No more than the system allows files.",
            ge=1,
            le=1_000_000,
        ),
    ] = 10_000
    write_seconds: Annotated[
        int,
        Meta(
            description="How long a request waits until what it writes is on the disk. Then it is answered 503 with "
            "Retry-After, and may be tried again; what it wrote may become durable later, as after any lost answer.",
            ge=1,
            le=8,
        ),
    ] = 6
    drain_seconds: Annotated[
        int,
        Meta(
            description="How long after SIGTERM requests are still taken, while /readyz says 503 and every answer ends "
            "its connection, so that a proxy in front of several nodes sends its requests elsewhere before this one "
            "goes: twice as long as the proxy lets pass between two looks. A second SIGTERM ends it.",
            ge=0,
            le=600,
        ),
    ] = 0
    guesses_per_address: Annotated[
        Count,
        Meta(
            description="Wrong passwords and codes that one address may send for all names together, then one every "
            "ten seconds; IPv6 by /64. Browsers that their person signed in with before do not count. All nodes share "
            "it. 0: no limit besides those of each account."
        ),
    ] = 300
    sign_ins_per_account: Annotated[
        Count,
        Meta(
            description="New sign-ins of phones and programs that one person may do at once, then one every thirty "
            "seconds; more is answered 429, and the code stays good. Several processes share it in equal parts. 0: no "
            "limit."
        ),
    ] = 200
    sign_ins_per_link: Annotated[
        Count,
        Meta(
            description="The same of one application link. 0, as it is by default: no limit, since a thousand phones "
            "may be handed out in one morning."
        ),
    ] = 0
