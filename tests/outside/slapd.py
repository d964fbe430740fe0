"""A real OpenLDAP server in a folder of its own: its database, its certificate, people whom a test changes."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.conftest import installed_program

BASE = "dc=example,dc=com"
PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"
ROOT, ROOT_PASSWORD = f"cn=admin,{BASE}", "root of the tests"
READER, READER_PASSWORD = f"cn=genkan,ou=services,{BASE}", "reads and nothing else"

CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
pidfile {folder}/slapd.pid
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
database mdb
suffix "{base}"
rootdn "{root}"
rootpw "{root_password}"
directory {folder}/data
maxsize 10485760
index objectClass,uid,entryUUID eq
access to attrs=userPassword by anonymous auth by * none
access to dn.base="" by * read
access to dn.base="ou=people,{base}" attrs=entry,children,ou by users read by * {others}
access to dn.subtree="{base}" by dn.base="{reader}" read by self read by users none by anonymous {others}
overlay memberof
overlay ppolicy
"""

TREE = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: ou=left,{BASE}
objectClass: organizationalUnit
ou: left

dn: ou=policies,{BASE}
objectClass: organizationalUnit
ou: policies

dn: cn=lock-at-five,ou=policies,{BASE}
objectClass: device
objectClass: pwdPolicy
cn: lock-at-five
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 5
pwdFailureCountInterval: 600
pwdLockoutDuration: 600

dn: {GROUPS}
objectClass: organizationalUnit
ou: groups

dn: ou=services,{BASE}
objectClass: organizationalUnit
ou: services

dn: {READER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: genkan
userPassword: {READER_PASSWORD}
"""


@dataclass
class Slapd:
    """A running server. ``plain`` takes StartTLS."""

    folder: Path
    plain_port: int
    tls_port: int
    process: "subprocess.Popen[bytes] | None" = None

    people = PEOPLE
    policies = f"ou=policies,{BASE}"

    @property
    def plain(self) -> str:
        return f"ldap://localhost:{self.plain_port}"

    @property
    def tls(self) -> str:
        return f"ldaps://localhost:{self.tls_port}"

    @property
    def ca(self) -> str:
        return str(self.folder / "ca.pem")

    @property
    def reader_file(self) -> str:
        return str(self.folder / "reader")

    def source(self, **more: object) -> dict[str, object]:
        """A whole ``[[ldap]]`` table for it."""
        given = {
            "name": "corp", "title": "Example's directory", "servers": (self.tls,), "base": PEOPLE,
            "bind_dn": READER, "bind_password_file": self.reader_file, "ca_file": self.ca,
        }  # fmt: skip
        return given | more

    def start(self) -> None:
        urls = f"ldap://127.0.0.1:{self.plain_port} ldaps://127.0.0.1:{self.tls_port}"
        command = [str(self.folder / "slapd"), "-d", "0", "-h", urls, "-f", str(self.folder / "slapd.conf")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self._wait()

    def _wait(self) -> None:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.tls_port), timeout=1):
                return
            assert self.process is not None
            assert self.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.05)
        raise AssertionError("slapd does not listen")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None

    def add(self, ldif: str) -> None:
        """New entries."""
        self._tool("ldapadd", (), ldif)

    def change(self, ldif: str) -> None:
        """Changes to entries, in LDIF."""
        self._tool("ldapmodify", (), ldif)

    def delete(self, dn: str) -> None:
        self._tool("ldapdelete", ("-r", dn), "")

    def rename(self, dn: str, first: str, below: str = "") -> None:
        """Give an entry another first part of its name, and another place."""
        self._tool("ldapmodrdn", ("-r", *(("-s", below) if below else ()), dn, first), "")

    def person(self, uid: str, password: str = "", *, below: str = PEOPLE, more: Sequence[tuple[str, str]] = ()) -> str:
        """A new person, and their name in the tree."""
        dn = f"uid={uid},{below}"
        lines = [
            f"dn: {dn}", "objectClass: inetOrgPerson", "objectClass: shadowAccount", f"uid: {uid}",
            f"cn: {uid.title()} Example", f"sn: {uid.title()}", f"mail: {uid}@example.com",
            *(f"{name}: {value}" for name, value in more),
        ]  # fmt: skip
        if password:
            lines.append(f"userPassword: {password}")
        self.add("\n".join(lines) + "\n")
        return dn

    def group(self, cn: str, *members: str) -> str:
        """A new group, and its name in the tree."""
        dn = f"cn={cn},{GROUPS}"
        self.add("\n".join([f"dn: {dn}", "objectClass: groupOfNames", f"cn: {cn}", *(f"member: {m}" for m in members)]))
        return dn

    def attribute(self, dn: str, name: str) -> str:
        """One attribute's value as OpenLDAP's own tool reads it; empty where there is no such entry."""
        more = ("-LLL", "-o", "ldif-wrap=no", "-s", "base", "-b", dn, name)
        told = self._tool("ldapsearch", more, "", fine=(0, 32))
        return next((line.partition(": ")[2] for line in told.splitlines() if line.startswith(f"{name}: ")), "")

    def _tool(self, name: str, more: Sequence[str], given: str, fine: Sequence[int] = (0,)) -> str:
        url = f"ldap://127.0.0.1:{self.plain_port}"
        command = [name, "-x", "-H", url, "-D", ROOT, "-w", ROOT_PASSWORD, *more]
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode in fine, (name, more, done.stderr)
        return done.stdout


def free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


@contextlib.contextmanager
def running_slapd(folder: Path, options: Mapping[str, str] | None = None) -> Iterator[Slapd]:
    """A server with an empty tree for as long as the block lasts; ``others`` is what anybody else may do."""
    (folder / "data").mkdir(parents=True)
    # A copy: a distribution's AppArmor profile lets the installed one write to its own folders alone.
    shutil.copy(installed_program("slapd"), folder / "slapd")
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    leaf.private_key_pem.write_to_path(folder / "server.key")
    (folder / "server.pem").write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    (folder / "reader").write_text(READER_PASSWORD + "\n")
    given = {
        "folder": str(folder), "base": BASE, "root": ROOT, "root_password": ROOT_PASSWORD, "reader": READER,
        "others": "auth",
    }  # fmt: skip
    (folder / "slapd.conf").write_text(CONFIGURATION.format(**given | dict(options or {})))
    plain_port, tls_port = free_ports(2)
    server = Slapd(folder, plain_port, tls_port)
    server.start()
    try:
        server.add(TREE)
        yield server
    finally:
        server.stop()
