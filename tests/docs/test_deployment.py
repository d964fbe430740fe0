"""What `genkan deploy` writes, and the image's health check, held against real processes with the same settings."""

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trustme
import yaml

from genkan.ops import deployment
from genkan.settings import Settings
from tests.docs.test_deploy import accepted, instructions
from tests.security.serving import COMMAND, Serving


def test_the_image_asks_whether_it_answers(tmp_path: Path) -> None:
    """Its question succeeds while the site answers where it announced, by flags too, and fails where nothing does."""
    question = json.loads(dict(instructions())["HEALTHCHECK"].partition(" CMD ")[2])
    asked = [*COMMAND, *question[1:]]
    site = Serving(tmp_path)
    assert ask(asked, site) != 0
    # The image's settings cannot know a port and a path that came by flags.
    told = {name: site.environment.pop(f"GENKAN_{name}") for name in ("PORT", "BASE_URL")}
    flags = ("--port", told["PORT"], "--base-url", f"{told['BASE_URL']}/jira")
    with subprocess.Popen(
        [*COMMAND, "serve", *flags], env=site.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready ")
        assert ask(asked, site) == 0
        process.terminate()
        assert process.wait(20) == 0
    assert ask(asked, site) != 0
    assert not (Path(site.environment["GENKAN_DATA_DIR"]) / "serving.json").exists()


def ask(asked: list[str], site: Serving) -> int:
    """The exit status of a health check in that container."""
    return subprocess.run(asked, env=site.environment, check=False, capture_output=True, timeout=30).returncode


FORMS = {
    "plain": {},
    "context path and port": {"path": "/jira"},
    "own TLS": {"tls": "yes"},
    "own TLS below a path": {"tls": "yes", "path": "/wiki/site"},
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_probes_and_health_checks_ask_what_that_site_answers(tmp_path: Path, form: dict[str, str]) -> None:
    """What `genkan deploy kubernetes` writes for a site, asked of a process with those very settings, as kubelet asks:
    by address, with any certificate; and what the image asks.
    """
    site = Serving(tmp_path)
    scheme = "https" if form.get("tls") else "http"
    site.environment["GENKAN_BASE_URL"] = f"{scheme}://localhost:{site.port}{form.get('path', '')}"
    if form.get("tls"):
        own = trustme.CA().issue_cert("localhost")
        own.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
        own.private_key_pem.write_to_path(tmp_path / "key.pem")
        site.environment |= {"GENKAN_TLS_CERT": str(tmp_path / "cert.pem"), "GENKAN_TLS_KEY": str(tmp_path / "key.pem")}
    site.command("deploy", "kubernetes", "--into", str(tmp_path / "site"))
    (deployment,) = (one for one in objects_of(tmp_path / "site/genkan.yaml") if one["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (port,) = container["ports"]
    site.start()
    try:
        for name in ("startup", "liveness", "readiness"):
            probe = container[f"{name}Probe"]["httpGet"]
            assert probe["port"] == port["name"]
            address = f"{probe['scheme'].lower()}://127.0.0.1:{port['containerPort']}{probe['path']}"
            assert httpx2.get(address, verify=False, trust_env=False).status_code == 200, address
        assert ask([*COMMAND, "status", "--serving"], site) == 0
    finally:
        site.stop()


def objects_of(path: Path) -> list[dict[str, Any]]:
    """The objects of one file."""
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def test_what_a_site_has_set_reaches_its_containers(tmp_path: Path) -> None:
    """Variables as the program reads them, files by their place in the container, and nothing twice."""
    (tmp_path / "sign-on.toml").write_text("")
    site = Settings(
        base_url="https://site.example.com/jira", port=9000, trusted_proxies=("10.1.0.0/16", "10.2.0.0/16"),
        site_title="Costs $5: “yes” #1", sign_on_file=str(tmp_path / "sign-on.toml"),
    )  # fmt: skip
    made = deployment.kubernetes(site, "registry.example.com:5000/genkan@sha256:0123abc")
    (pod,) = (one for one in yaml.safe_load_all(made["genkan.yaml"]) if one["kind"] == "Deployment")
    (container,) = pod["spec"]["template"]["spec"]["containers"]
    given = {one["name"]: one.get("value") for one in container["env"]}
    assert len(given) == len(container["env"])
    assert given.pop("GENKAN_SIGN_ON_FILE") == "/etc/genkan/secrets/sign-on-file"
    assert given["GENKAN_SITE_TITLE"] == site.site_title
    read = accepted({name: value or "postgresql://genkan@db/genkan" for name, value in given.items()}, tmp_path)
    assert (read.trusted_proxies, read.port, read.public.path) == (site.trusted_proxies, 9000, "/jira")
    (job,) = yaml.safe_load_all(made["migrate.yaml"])
    assert job["metadata"]["name"] == "genkan-migrate-0123abc"
    (compose,) = yaml.safe_load_all(deployment.compose(site, "genkan")["compose.yaml"])
    title = compose["services"]["genkan"]["environment"]["GENKAN_SITE_TITLE"]
    assert title.replace("$$", "$") == site.site_title
    assert compose["secrets"]["sign-on-file"] == {"file": "./secrets/sign-on-file"}


def test_a_second_upgrade_has_a_job_of_its_own() -> None:
    """A Job cannot be changed: with another image it needs another name."""
    names = set()
    for tag in ("0.1.0", "0.2.0"):
        (job,) = yaml.safe_load_all(deployment.kubernetes(Settings(), f"genkan:{tag}")["migrate.yaml"])
        names.add(job["metadata"]["name"])
    assert len(names) == 2


def test_the_first_file_of_kubernetes_makes_the_namespace_of_all() -> None:
    """On a fresh cluster nothing can be made in a namespace that is not there, not even tried."""
    made = deployment.kubernetes(Settings(), "genkan:1")
    first, *rest = (one for text in made.values() for one in yaml.safe_load_all(text))
    assert (first["kind"], first["metadata"]["name"]) == ("Namespace", "genkan")
    assert {one["metadata"]["namespace"] for one in rest} == {"genkan"}


def test_secrets_that_were_filled_in_are_not_written_over(tmp_path: Path) -> None:
    """Writing again, for an upgrade, leaves secret.yaml alone."""
    site = Serving(tmp_path)
    site.command("deploy", "kubernetes", "--into", str(tmp_path))
    (tmp_path / "secret.yaml").write_text("mine")
    assert "kept" in site.command("deploy", "kubernetes", "--into", str(tmp_path))
    assert (tmp_path / "secret.yaml").read_text() == "mine"
