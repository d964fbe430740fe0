"""Makes the tables, the people and the clients."""

import wsgi  # noqa: F401 - it sets Django up
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from oauth2_provider.models import get_application_model

call_command("migrate", verbosity=0)
given = settings.SETTINGS

hashes = {password: make_password(password) for password in set(given["people"].values())}
User = get_user_model()
User.objects.bulk_create(
    User(username=name, email=f"{name}@example.com", password=hashes[password])
    for name, password in given["people"].items()
)

Application = get_application_model()
code = {"authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE}
# A secret of 256 bits that the site has drawn needs no slow hash; hashed as delivered, each answer would take half a
# second of processor time.
plain = {"client_type": Application.CLIENT_CONFIDENTIAL, "hash_client_secret": False}
native, web, asking = given["native"], given["confidential"], given["introspector"]
Application.objects.create(
    name="App", client_id=native["id"], redirect_uris=native["redirect"], client_type=Application.CLIENT_PUBLIC, **code
)
Application.objects.create(
    name="Web", client_id=web["id"], client_secret=web["secret"], redirect_uris=web["redirect"], **plain, **code
)
Application.objects.create(
    name="Resource server",
    client_id=asking["id"],
    client_secret=asking["secret"],
    authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
    **plain,
)
