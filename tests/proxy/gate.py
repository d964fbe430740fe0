"""A real proxy with the configuration printed for an https site on its usual port, moved to ports that are free."""

import subprocess
import time
from pathlib import Path

import httpx2
import trustme

from genkan.ops.proxy import PROXIES, Layout
from genkan.settings import Settings
from tests.ports import free_port
from tests.proxy.kinds import KINDS, printed_into
from tests.proxy.world import SECRET, START_SECONDS


class Gate:
    """Nothing stands behind it: plain http never gets that far."""

    def __init__(self, kind: str, folder: Path) -> None:
        folder.mkdir()
        self._kind = kind
        self._folder = folder
        self.plain_port, self.tls_port = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the proxy, and wait until plain http is answered."""
        config = printed_into(self._folder, PROXIES[self._kind], self._printed())
        command = KINDS[self._kind].moved(self._folder, config, self.plain_port, self.tls_port)
        with (self._folder / "output.log").open("wb") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, env=self._environment(), stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                httpx2.get(f"http://localhost:{self.plain_port}/", trust_env=False)
            except httpx2.TransportError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(self.written())

    def stop(self) -> None:
        """Leave nothing running."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)

    def written(self) -> str:
        """All that the proxy has written into its logs."""
        return "\n".join(path.read_text("utf-8", "replace") for path in self._folder.glob("*.log"))

    def _printed(self) -> str:
        issued = trustme.CA().issue_cert("localhost")
        issued.private_key_and_cert_chain_pem.write_to_path(self._folder / "site.pem")
        (self._folder / "secret").write_text(SECRET)
        both = str(self._folder / "site.pem")
        log_file = KINDS[self._kind].log_file or str(self._folder / "access.log")
        settings = Settings(
            base_url="https://localhost",
            trusted_proxies=("127.0.0.1",),
            proxy_secret_file=str(self._folder / "secret"),
        )
        layout = Layout(bind="127.0.0.1", certificate=both, certificate_key=both, log_file=log_file)
        return PROXIES[self._kind].config(settings, layout)

    def _environment(self) -> dict[str, str]:
        return {"HOME": str(self._folder), "XDG_DATA_HOME": str(self._folder), "XDG_CONFIG_HOME": str(self._folder)}
