"""Files for Compose and Kubernetes, made from the settings: what a container is told, where it listens and what probes
ask of it come from one place and cannot disagree.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

import msgspec

from genkan.settings import Settings
from genkan.settings_given import variable_of

_TEMPLATES = Path(__file__).with_name("deployments")
# What the files themselves give, whatever the settings of the machine that writes them say.
_SUPPLIED = frozenset(
    {"base_url", "data_dir", "database_url", "secret_file", "proxy_secret_file", "metrics_token_file", "host",
     "log_format", "drain_seconds"}
)  # fmt: skip
# Settings that name a file, which has to reach the container.
_FILES = frozenset(
    {"tls_cert", "tls_key", "certificate_tls_cert", "certificate_tls_key", "client_ca", "certificate_rules",
     "passkey_metadata", "sign_on_file"}
)  # fmt: skip
# From the end of the drain until everything that was acknowledged and noted is written, with some to spare.
STOP_SECONDS = 40
# A pod answers on, and says that it goes, until its readiness probe has failed as often as it may.
LEAST_DRAIN_SECONDS = 5
COMPOSE_PROXY = "172.30.99.2"
SECRETS = "secret.yaml"


class _Text(Template):
    delimiter = "%"


@dataclass(frozen=True, slots=True)
class _Place:
    """How one kind of file spells a variable, a dollar sign in it, and one more file that is mounted; ``folder``: where
    that is then.
    """

    variable: str
    file: str
    folder: str
    dollar: str = "$"


_COMPOSE = _Place("    {name}: {value}", "  {key}:\n    file: ./secrets/{key}\n", "/run/secrets", "$$")
_KUBERNETES = _Place(
    "            - name: {name}\n              value: {value}",
    "              - key: {key}\n                path: {key}\n",
    "/etc/genkan/secrets",
)


def compose(settings: Settings, image: str) -> Mapping[str, str]:
    """The file for one host, by its name. Caddy in front speaks https and is the one proxy that is believed."""
    inside = msgspec.structs.replace(settings, trusted_proxies=(COMPOSE_PROXY,), tls_cert="", tls_key="")
    names = ", ".join(("proxy", "metrics", *_keys(inside)))
    words = {"names": names, "host": json.dumps(inside.public.origin.partition("://")[2])}
    return {"compose.yaml": _written("compose", inside, image, _COMPOSE, words, inside.drain_seconds)}


def kubernetes(settings: Settings, image: str) -> Mapping[str, str]:
    """The files for a cluster, by their names, in the order in which they are applied."""
    drain = max(settings.drain_seconds, LEAST_DRAIN_SECONDS)
    inside = msgspec.structs.replace(settings, drain_seconds=drain)
    secrets = "".join(f"  {key}: put the file of {variable_of(name)} here\n" for name, key in _named(inside))
    plain = {"release": _release(image)}
    return {
        SECRETS: _written("kubernetes-secret", inside, image, _KUBERNETES, {"files": secrets}, drain),
        "migrate.yaml": _written("kubernetes-migrate", inside, image, _KUBERNETES, plain, drain),
        "genkan.yaml": _written("kubernetes-genkan", inside, image, _KUBERNETES, {}, drain),
    }


def _written(
    template: str, settings: Settings, image: str, place: _Place, more: Mapping[str, str], drain: float
) -> str:
    words = {
        "image": json.dumps(image),
        "port": str(settings.port),
        "path": settings.public.path,
        "scheme": "HTTPS" if settings.tls_cert else "HTTP",
        "grace": str(round(drain) + STOP_SECONDS),
        "environment": "\n".join(
            place.variable.format(name=name, value=json.dumps(value, ensure_ascii=False).replace("$", place.dollar))
            for name, value in _environment(settings, place.folder).items()
        ),
        "files": "".join(place.file.format(key=key) for key in _keys(settings)),
    }
    return _Text((_TEMPLATES / f"{template}.yaml").read_text("utf-8")).substitute({**words, **more})


def _environment(settings: Settings, folder: str) -> dict[str, str]:
    """The base URL, and what differs from what the program does by itself."""
    told = {"GENKAN_BASE_URL": settings.public.text}
    for info in msgspec.structs.fields(Settings):
        value = getattr(settings, info.name)
        if info.name not in _SUPPLIED and value != info.default:
            told[variable_of(info.name)] = f"{folder}/{_key(info.name)}" if info.name in _FILES else _spelled(value)
    if settings.drain_seconds:
        told[variable_of("drain_seconds")] = _spelled(settings.drain_seconds)
    return told


def _spelled(value: object) -> str:
    """As settings_given reads it from a variable."""
    match value:
        case bool():
            return "1" if value else "0"
        case tuple():
            return ",".join(map(str, value))
        case _:
            return str(value)


def _named(settings: Settings) -> list[tuple[str, str]]:
    return [(name, _key(name)) for name in sorted(_FILES) if getattr(settings, name)]


def _keys(settings: Settings) -> list[str]:
    return [key for _, key in _named(settings)]


def _key(name: str) -> str:
    return name.replace("_", "-")


def _release(image: str) -> str:
    """What tells this image from others in a name of Kubernetes: lower-case letters, digits and -."""
    tag = image.rpartition("/")[2].partition("@")[2] or image.rpartition("/")[2].partition(":")[2] or "latest"
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in tag.lower())
    return letters.removeprefix("sha256-")[:40].strip("-")
