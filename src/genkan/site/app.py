"""The site as an ASGI application: the whole route table, one line a conductor."""

from collections.abc import Callable

from genkan.site import phone_check_pages as checked_phones
from genkan.site import qr, static_files, upkeep_pages
from genkan.site.account import (
    apps,
    browsers,
    identities,
    passkeys,
    profile,
    recovery_codes,
    second_device,
    sign_in_methods,
)
from genkan.site.admin import (
    api_key_pages,
    audit_pages,
    base_url_pages,
    doctor_pages,
    health_pages,
    link_edit_pages,
    link_pages,
    link_secret_pages,
    link_trial_pages,
    mdm_pages,
    mobile_pages,
    overview,
    people_pages,
    person_acts,
    person_certificates,
    person_confirmed,
    person_identities,
    person_pages,
    person_passkeys,
    phone_check_pages,
    phone_pages,
    phone_sign_out,
    preview_pages,
    sign_in_pages,
)
from genkan.site.api import (
    audit_api,
    installation_api,
    keys_api,
    link_api,
    managed_api,
    mobile_api,
    openapi,
    outside_api,
    people_api,
    people_certificates_api,
    people_data_api,
    people_identities_api,
    people_passkeys_api,
    people_recovery_api,
    phones_api,
    preview_api,
    sign_out_api,
    site_api,
)
from genkan.site.dispatch import Dispatcher
from genkan.site.door import Door
from genkan.site.login import (
    certificate_sign_in,
    confirming,
    device_pages,
    first_run,
    openid_pages,
    passkey_pages,
    recovery_code_pages,
    recovery_pages,
    signin,
)
from genkan.site.peer import Peers
from genkan.site.provider import authorization, forward, mobile, related_origins, rest, tokens, well_known
from genkan.site.routes import Rule

API = (
    *rest.OPERATIONS,
    *link_api.OPERATIONS,
    *mobile_api.OPERATIONS,
    *managed_api.OPERATIONS,
    *preview_api.OPERATIONS,
    *phones_api.OPERATIONS,
    *sign_out_api.OPERATIONS,
    *people_api.OPERATIONS,
    *people_data_api.OPERATIONS,
    *people_identities_api.OPERATIONS,
    *people_recovery_api.OPERATIONS,
    *people_passkeys_api.OPERATIONS,
    *people_certificates_api.OPERATIONS,
    *keys_api.OPERATIONS,
    *audit_api.OPERATIONS,
    *installation_api.OPERATIONS,
    *outside_api.OPERATIONS,
    *site_api.OPERATIONS,
)


# The pages of administrators, then those of everybody who has an account.
CONSOLE = (
    *overview.RULES,
    *people_pages.RULES,
    *person_pages.RULES,
    *person_confirmed.RULES,
    *person_acts.RULES,
    *person_passkeys.RULES,
    *person_identities.RULES,
    *person_certificates.RULES,
    *link_pages.RULES,
    *link_edit_pages.RULES,
    *link_secret_pages.RULES,
    *link_trial_pages.RULES,
    *phone_pages.RULES,
    *phone_sign_out.RULES,
    *recovery_pages.RULES,
    *recovery_code_pages.RULES,
    *device_pages.RULES,
    *mobile_pages.RULES,
    *mdm_pages.RULES,
    *preview_pages.RULES,
    *sign_in_pages.RULES,
    *audit_pages.RULES,
    *api_key_pages.RULES,
    *health_pages.RULES,
    *doctor_pages.RULES,
    *phone_check_pages.RULES,
    *base_url_pages.RULES,
)
ACCOUNT = (
    *apps.RULES,
    *profile.RULES,
    *browsers.RULES,
    *sign_in_methods.RULES,
    *identities.RULES,
    *recovery_codes.RULES,
    *second_device.RULES,
    *passkeys.RULES,
)


def route_table(base_url: str) -> tuple[Rule, ...]:
    """Every route: path, methods, handler, who may call it, how it is protected."""
    return (
        *tokens.RULES,
        *mobile.rules(base_url),
        *forward.RULES,
        *related_origins.RULES,
        *well_known.RULES,
        *openapi.rules(API),
        openapi.serving(API),
        *authorization.RULES,
        *signin.RULES,
        *openid_pages.RULES,
        *passkey_pages.RULES,
        *first_run.RULES,
        *qr.RULES,
        *checked_phones.RULES,
        *certificate_sign_in.RULES,
        *confirming.RULES,
        *CONSOLE,
        *ACCOUNT,
        *upkeep_pages.RULES,
        *static_files.RULES,
    )


def build(door: Door, peers: Peers, ticks: Callable[[], float]) -> Dispatcher:
    """The ASGI application. Raises Undeclared when a route does not say who may call it."""
    return Dispatcher(door, route_table(door.public.text), peers, ticks)
