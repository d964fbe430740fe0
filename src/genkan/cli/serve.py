"""genkan serve: runs the site. What running means is ``genkan.main``'s."""

import os
from typing import Annotated

from cyclopts import Parameter

from genkan import settings
from genkan.cli.workbench import AWAY, SET_UP, Stop, told


@told
def serve(
    *,
    host: str | None = None,
    port: int | None = None,
    base_url: str | None = None,
    data_dir: str | None = None,
    workers: int | None = None,
    tls_cert: str | None = None,
    tls_key: str | None = None,
    certificate_url: str | None = None,
    found_anew: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Run the site: SQLite in the data folder; prints a one-time set-up link while there is no administrator.

    Example: genkan serve --port 8080

    Parameters
    ----------
    host:
        The address to listen on (GENKAN_HOST).
    port:
        The port to listen on (GENKAN_PORT).
    base_url:
        The public address, as phones reach it (GENKAN_BASE_URL).
    data_dir:
        The folder that holds the database (GENKAN_DATA_DIR).
    workers:
        Serving processes, on PostgreSQL (GENKAN_WORKERS).
    tls_cert:
        A PEM file with the certificate and its chain, to speak https without a proxy (GENKAN_TLS_CERT).
    tls_key:
        The PEM file of its key (GENKAN_TLS_KEY).
    certificate_url:
        The origin that asks for client certificates (GENKAN_CERTIFICATE_URL).
    found_anew:
        Begin a new site where there is none, beside a key ring that has served one: everybody signs in again.
    """
    flags = {"host": host, "port": port, "base_url": base_url, "data_dir": data_dir, "workers": workers,
             "tls_cert": tls_cert, "tls_key": tls_key, "certificate_url": certificate_url}  # fmt: skip
    loaded = settings.load(os.environ, flags)
    if isinstance(loaded, settings.SettingsProblem):
        raise Stop(loaded.sentence, SET_UP)
    from genkan import main  # noqa: PLC0415 - only serving needs the whole site

    try:
        main.serve(loaded, anew=found_anew)
    except main.CannotServe as problem:
        raise Stop(str(problem), AWAY if problem.passes else SET_UP) from None
