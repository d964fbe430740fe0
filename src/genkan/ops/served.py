"""The address of a site as its commands know it: what they were told, else what the serving process announced."""

from dataclasses import dataclass

import msgspec

from genkan.protocol.records import Served
from genkan.settings import Settings
from genkan.site.api.documents import moment


@dataclass(frozen=True, slots=True)
class Known:
    """``settings`` with the base URL that counts; ``doubt``: one sentence where it may not be the site's."""

    settings: Settings
    doubt: str | None = None


def known(settings: Settings, served: Served | None) -> Known:
    """What is told wins over what was announced, as everywhere with settings; where both differ it is said."""
    if settings.base_url:
        return Known(settings, _differs(settings, served))
    if served is None:
        return Known(
            settings, f"no base URL is set here and nothing has served the site yet: {settings.public.text} is a guess"
        )
    plain = served.base_url.startswith("http://")
    told = msgspec.structs.replace(settings, base_url=served.base_url, insecure_http=settings.insecure_http or plain)
    return Known(told)


def _differs(settings: Settings, served: Served | None) -> str | None:
    if served is None or served.base_url == settings.public.text:
        return None
    since = moment(served.at)
    return (
        f"the base URL here is {settings.public.text}, but the site is served as {served.base_url} (since {since}): "
        "what is printed is good once it is served as told here"
    )
