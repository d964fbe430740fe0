"""A real proxy with the configuration printed for an https site on its usual port, moved to ports that are free."""

import subprocess
import time
from pathlib import Path

import httpx2
import trustme

from genkan.ops.proxy import Layout
from genkan.settings import Settings
from tests.conftest import installed_program
from tests.ports import free_port
from tests.proxy.world import KINDS, SECRET, START_SECONDS, nginx_command


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
        config = self._folder / "genkan.conf"
        config.write_text(self._printed())
        command = self._nginx(config) if self._kind == "nginx" else self._caddy(config)
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
        log_file = str(self._folder / "access.log")
        settings = Settings(
            base_url="https://localhost",
            trusted_proxies=("127.0.0.1",),
            proxy_secret_file=str(self._folder / "secret"),
        )
        layout = Layout(bind="127.0.0.1", certificate=both, certificate_key=both, log_file=log_file)
        return KINDS[self._kind][0](settings, layout)

    def _nginx(self, config: Path) -> list[str]:
        text = config.read_text()
        for line, port in (("listen 127.0.0.1:80;", self.plain_port), ("listen 127.0.0.1:443 ssl;", self.tls_port)):
            assert text.count(line) == 1, text
            text = text.replace(line, line.replace(":80", f":{port}").replace(":443", f":{port}"))
        config.write_text(text)
        return nginx_command(self._folder, config)

    def _caddy(self, config: Path) -> list[str]:
        main = self._folder / "Caddyfile"
        ports = f"    http_port {self.plain_port}\n    https_port {self.tls_port}\n"
        main.write_text(f"{{\n    admin off\n{ports}    storage file_system caddy\n}}\nimport {config}\n")
        return [installed_program("caddy"), "run", "--config", str(main), "--adapter", "caddyfile"]

    def _environment(self) -> dict[str, str]:
        return {"HOME": str(self._folder), "XDG_DATA_HOME": str(self._folder), "XDG_CONFIG_HOME": str(self._folder)}
