"""What a person does to get an app signed in, as values for a template: address, picture, MDM value, command."""

from dataclasses import dataclass

from genkan.protocol.records import Link
from genkan.site.door import Door
from genkan.wire import managed
from genkan.wire.managed import OAuthEntry, SiteEntry

QR_PATH = "/qr.svg"


@dataclass(frozen=True, slots=True)
class Guide:
    """``mdm_value`` is the value of the app's key ``sites``; without a link it only names the site. ``qr_url`` is
    empty for an address that leads a phone to itself.
    """

    address: str
    qr_url: str
    mdm_value: str
    command: str


def guide(title: str, link: Link | None, door: Door) -> Guide:
    """For this site, as things are."""
    public = door.public
    return Guide(
        address=public.text,
        qr_url="" if public.is_loopback else public.path + QR_PATH,
        mdm_value=mdm_value(title, public.text, link),
        command=f"{door.program} app login {public.text}",
    )


def mdm_value(title: str, base_url: str, link: Link | None) -> str:
    """The value of ``sites`` that names one site, with the client id of the app's link where there is one in use."""
    return managed.render([site_entry(title, base_url, link)])


def site_entry(title: str, base_url: str, link: Link | None) -> SiteEntry:
    """This site as an entry of ``sites``."""
    oauth = OAuthEntry(link.client_id) if link is not None and link.usable else None
    return SiteEntry(title, base_url, oauth)
