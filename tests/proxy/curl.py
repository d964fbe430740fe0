"""curl as a client with a certificate of its own and a jar of cookies: TLS by somebody else than us."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import installed_program


@dataclass(frozen=True)
class Answered:
    """What came. ``status`` 0: the connection was broken off."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def location(self) -> str:
        """Where it leads."""
        return self.headers["location"]


@dataclass
class Curl:
    """One browser: a folder for its cookies, the authority that it trusts, and its certificate with key, if any."""

    folder: Path
    trusts: Path
    shows: Path | None = None
    resolves: tuple[str, ...] = ()
    options: list[str] = field(default_factory=list)

    def __call__(self, url: str, *more: str, **headers: str) -> Answered:
        """Ask, without following."""
        self.folder.mkdir(exist_ok=True)
        head, jar = self.folder / "head", self.folder / "jar"
        head.write_text("")
        given = [part for name, value in headers.items() for part in ("-H", f"{name.replace('_', '-')}: {value}")]
        shown = ["--cert", str(self.shows)] if self.shows else []
        resolved = [part for name in self.resolves for part in ("--resolve", name)]
        command = [installed_program("curl"), "-sS", "--max-time", "20", "--noproxy", "*", "--cacert", str(self.trusts),
                   "-D", str(head), "-c", str(jar), "-b", str(jar), *shown, *resolved, *given, *more, url]  # fmt: skip
        ended: Any = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = head.read_text().replace("\r", "").split("\n\n")
        last = [block for block in lines if block.strip()]
        if ended.returncode != 0 and not last:
            return Answered(0, {}, ended.stderr)
        first, *rest = last[-1].splitlines()
        pairs = (line.partition(":") for line in rest)
        return Answered(int(first.split()[1]), {n.strip().lower(): v.strip() for n, _, v in pairs}, ended.stdout)
