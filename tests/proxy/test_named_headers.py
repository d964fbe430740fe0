"""The headers that this application reads, by the names and in the encoding asked for, through real proxies."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genkan.ops.proxy import PROXIES, Layout, proxy_problem
from genkan.settings import Settings
from tests.proxy.conftest import EACH
from tests.proxy.world import Front

NAMED = Layout(user_header="X-My-User", groups_header="X-Forwarded-Groups", name_header="X-WEBAUTH-NAME")


@pytest.mark.parametrize("kind", EACH)
def test_the_application_hears_the_names_it_reads(kind: str, tmp_path: Path) -> None:
    """Zoë in UTF-8; what the client sends by the same names, and by the usual ones, is gone."""
    front = Front(kind, tmp_path / kind, layout=replace(NAMED, encoding="utf-8"))
    try:
        front.start()
        spoofed = [(name, "root") for name in ("X-My-User", "x-my-user", "X_My_User", "Remote-User", "Remote-Groups")]
        answer = front.app("GET", front.token(name="zoë")["access_token"], headers=spoofed)
        assert answer.status_code == 200, answer.text
        told = [(name.lower(), value) for name, value in answer.json()["headers"]]
        assert [value.encode("latin-1").decode() for name, value in told if name == "x-my-user"] == ["zoë"]
        # A percent sign of its own keeps a value percent-encoded.
        assert [value for name, value in told if name == "x-webauth-name"] == ["Zo%C3%AB 100%25"]
        assert [pair for pair in told if "root" in pair or pair[0] in ("remote-user", "remote-groups")] == []
        writer = front.app("GET", front.passing_token()).json()["headers"]
        assert [value for name, value in writer if name.lower() == "x-forwarded-groups"] == ["dev,staff"]
    finally:
        front.stop()


@pytest.mark.parametrize("build", [proxy.config for proxy in PROXIES.values()])
@pytest.mark.parametrize(
    "chosen",
    [{"user_header": name} for name in ("X_User", "Host", "Set-Cookie", "X-Genkan-Proxy", "-X", "remote-email", "ä")]
    + [{"encoding": "utf8"}, {"user_header": "X-A", "name_header": "x-a"}],
)
def test_what_is_no_header_of_its_own_is_refused(build: Any, tmp_path: Path, chosen: dict[str, Any]) -> None:
    """The sentence names the option; without an application none is asked for."""
    (tmp_path / "secret").write_text("a-secret-of-at-least-16")
    site = Settings(base_url="https://site.example.com", trusted_proxies=("127.0.0.1",),
                    proxy_secret_file=str(tmp_path / "secret"))  # fmt: skip
    layout = Layout(app_upstream="127.0.0.1:3000", **chosen)
    assert next(iter(chosen)).replace("_", "-") in (proxy_problem(site, layout) or "")
    with pytest.raises(ValueError, match="--"):
        build(site, layout)
    assert "--app-upstream" in (proxy_problem(site, replace(NAMED)) or "")
