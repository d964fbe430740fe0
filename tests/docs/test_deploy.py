"""The files of deploy/: what they set exists, what they ask is answered, and what they print is the program's own."""

import asyncio
import json
import re
import shlex
import subprocess
from collections.abc import AsyncIterator, Iterator
from ipaddress import IPv4Network, ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from genkan import settings
from genkan.cli import root
from genkan.httpd.server import GRACE_SECONDS
from genkan.ops.proxy import Layout, caddy_config
from genkan.protocol.reasons import Reason
from genkan.settings import Settings, describe
from genkan.site.app import route_table
from genkan.site.metrics import exposition, families
from genkan.site.readiness import Cause
from tests.conftest import installed_program
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site
from tests.workshop.tree import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE, CADDYFILE = DEPLOY / "compose/compose.yaml", DEPLOY / "compose/Caddyfile"
CONTAINERFILE = DEPLOY / "container/Containerfile"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
ALERTS, DASHBOARD = DEPLOY / "prometheus/alerts.yaml", DEPLOY / "grafana/genkan.json"
SETTINGS = {variable for variable, _, _ in describe()}
PATHS = {rule.path for rule in route_table("https://site.example.com")}
METRIC = re.compile(r"\b(?:genkan|process)_[a-z_]+\b")
INSTRUCTIONS = {"FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK",
                "ENTRYPOINT", "CMD"}  # fmt: skip


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SiteUnderTest]:
    """A fresh site, for what it measures."""
    opened = await open_site(tmp_path, TestClock())
    yield opened
    await close_site(opened)


def documents() -> dict[str, dict[str, Any]]:
    """Every object for Kubernetes, by kind and name."""
    found = [one for path in MANIFESTS for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in found}


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every pod that they make, with its object's kind."""
    for one in documents().values():
        if one["kind"] in ("Deployment", "Job"):
            yield one["kind"], one["spec"]["template"]


def instructions() -> list[tuple[str, str]]:
    """The Containerfile's lines, joined where they go on."""
    joined = CONTAINERFILE.read_text(encoding="utf-8").replace("\\\n", "")
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def accepted(given: dict[str, str], folder: Path) -> Settings:
    """The settings that such an environment makes; files that it names are laid into a folder of the test."""
    mended = dict(given)
    (folder / "none.toml").touch()
    for name, value in given.items():
        if name.endswith("_FILE") and value.startswith("/"):
            (folder / Path(value).name).write_text("a-secret-of-at-least-16")
            mended[name] = str(folder / Path(value).name)
    read = settings.load({"GENKAN_SETTINGS_FILE": str(folder / "none.toml")} | mended)
    assert isinstance(read, Settings), read
    return read


def test_the_image_is_made_of_files_that_exist() -> None:
    """Known instructions, sources that are there and not left out, nothing as root, the lock with its hashes."""
    assert {word for word, _ in instructions()} <= INSTRUCTIONS
    ignored = (DEPLOY / "container/Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source}" in ignored, source
    user = [rest for word, rest in instructions() if word == "USER"]
    assert user == ["10001:10001"]
    assert any("--require-hashes -r requirements.lock" in rest for word, rest in instructions() if word == "RUN")


def test_the_image_sets_what_the_program_reads(tmp_path: Path) -> None:
    """Its variables are settings, its port is the one that it listens on, its command is one of ours."""
    told = dict(instructions())
    given = dict(pair.split("=", 1) for pair in shlex.split(told["ENV"]) if pair.startswith("GENKAN_"))
    assert set(given) <= SETTINGS
    read = accepted(given, tmp_path)
    assert (read.host, str(read.port)) == ("0.0.0.0", told["EXPOSE"])
    assert told["VOLUME"] == told["WORKDIR"] == read.data_dir
    assert (json.loads(told["ENTRYPOINT"]), told["STOPSIGNAL"]) == (["genkan"], "SIGTERM")
    root.app.parse_args(json.loads(told["CMD"]), exit_on_error=False, print_error=False)


def test_compose_starts_what_it_waits_for(tmp_path: Path) -> None:
    """Every service, secret, network and volume that is named is there; what is set is a setting with a good value."""
    made = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    services = made["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert set(service.get("secrets", ())) <= set(made["secrets"])
        assert set(service["networks"]) <= set(made["networks"])
        volumes = {volume.split(":")[0] for volume in service.get("volumes", ()) if not volume.startswith(".")}
        assert volumes <= set(made["volumes"])
    site, proxy = services["genkan"], services["caddy"]
    given = {
        name: re.sub(r"\$\{(\w+)[^}]*\}", r"x\1.example.com", value) for name, value in site["environment"].items()
    }
    assert set(given) <= SETTINGS
    read = accepted(given, tmp_path)
    assert read.trusted_proxies == (proxy["networks"]["inside"]["ipv4_address"],)
    for name in ("migrate", "genkan"):
        assert services[name]["read_only"]
        assert services[name]["cap_drop"] == ["ALL"]
        root.app.parse_args(services[name]["command"], exit_on_error=False, print_error=False)
    assert int(site["stop_grace_period"].removesuffix("s")) > GRACE_SECONDS


def test_compose_can_start_and_nobody_else_gets_the_address_of_the_proxy() -> None:
    """Compose refuses secrets of the environment for a root that is only read; and what is given out by itself is apart
    from what has its place, for the proxy's address is believed.
    """
    made = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    for service in made["services"].values():
        for secret in service.get("secrets", ()):
            assert set(made["secrets"][secret]) == ({"file"} if service.get("read_only") else {"file", "environment"})
    (given,) = made["networks"]["inside"]["ipam"]["config"]
    whole, dynamic = ip_network(given["subnet"]), ip_network(given["ip_range"])
    assert isinstance(whole, IPv4Network)
    assert isinstance(dynamic, IPv4Network)
    assert dynamic.subnet_of(whole)
    placed = [one["networks"]["inside"] for one in made["services"].values() if isinstance(one["networks"], dict)]
    fixed = [ip_address(text) for text in (given["gateway"], *(one["ipv4_address"] for one in placed))]
    assert len(set(fixed)) == len(fixed) == 2
    assert all(address in whole and address not in dynamic for address in fixed)


def test_what_the_page_says_makes_the_files_of_compose(tmp_path: Path) -> None:
    """Its lines, run: every variable and secret that is read is there, the proxy's is one and the same, the site takes
    them, and nobody else on the host can read them, though the container's user can.
    """
    page = (ROOT / "docs/how-to/run-in-containers.md").read_text(encoding="utf-8")
    (block,) = (text for text in page.split("```\n") if "secret()" in text)
    script = "".join(line for line in block.splitlines(keepends=True) if not line.startswith("docker "))
    subprocess.run(["sh", "-euc", script], check=True, cwd=tmp_path)
    told = dict(line.split("=", 1) for line in (tmp_path / ".env").read_text().splitlines())
    asked = COMPOSE.read_text(encoding="utf-8")
    assert set(told) == set(re.findall(r"\$\{(\w+)", asked))
    named = {name: tmp_path / one["file"] for name, one in yaml.safe_load(asked)["secrets"].items()}
    assert named["proxy"].read_text().strip() == told["PROXY_SECRET"]
    secrets = {told["DATABASE_PASSWORD"], *(path.read_text().strip() for path in named.values())}
    assert len(secrets) == 3
    assert {len(secret) for secret in secrets} == {48}
    for path in named.values():
        assert path.stat().st_mode & 0o777 == 0o444
        assert path.parent.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    read = settings.load({"GENKAN_SETTINGS_FILE": "", "GENKAN_METRICS_TOKEN_FILE": str(named["metrics"])})
    assert isinstance(read, Settings), read


def printed_for_compose(folder: Path) -> str:
    """What `genkan proxy caddy` says for that host, with its secret and its name from the environment."""
    (folder / "secret").write_text("the-secret-of-compose")
    site = Settings(
        base_url="https://site.example.com", trusted_proxies=("172.30.99.2",), proxy_secret_file=str(folder / "secret")
    )
    text = caddy_config(site, Layout(upstream="genkan:8080", log_file="/dev/stdout"))
    text = text.replace("the-secret-of-compose", "{$PROXY_SECRET}").replace("site.example.com", "{$SITE}")
    _, _, body = text.replace("output file /dev/stdout", "output stdout").partition("\n\n")
    return f"# What `genkan proxy caddy` prints, with the site's name and the secret from .env.\n\n{body}"


def test_the_proxy_of_compose_is_the_one_that_is_printed(tmp_path: Path) -> None:
    """So that it drops and tells what every proxy of ours does."""
    assert CADDYFILE.read_text(encoding="utf-8") == printed_for_compose(tmp_path)


@pytest.mark.needs("caddy")
def test_caddy_takes_the_proxy_of_compose(tmp_path: Path) -> None:
    """Adapted without a warning, with the names that compose gives it."""
    home = {"SITE": "site.example.com", "PROXY_SECRET": "a-secret-of-at-least-16", "HOME": str(tmp_path)}
    asked = [installed_program("caddy"), "validate", "--adapter", "caddyfile", "--config", str(CADDYFILE)]
    taken = subprocess.run(asked, env=home, check=False, capture_output=True, text=True)
    assert taken.returncode == 0, taken.stderr


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.name))
def test_manifests_name_their_version_and_kind(path: Path) -> None:
    """Each object has what the API asks of all, once."""
    for one in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        assert {"apiVersion", "kind", "metadata"} <= set(one)
        assert one["metadata"]["namespace" if one["kind"] != "Namespace" else "name"] == "genkan"


def test_pods_gain_nothing_and_get_no_settings_by_accident(tmp_path: Path) -> None:
    """No service links, no token, not root, a root that is read; their variables make good settings."""
    found = list(pods())
    assert {kind for kind, _ in found} == {"Deployment", "Job"}
    for _, template in found:
        pod = template["spec"]
        assert pod["enableServiceLinks"] is False
        assert pod["automountServiceAccountToken"] is False
        user = dict(instructions())["USER"].split(":")[0]
        assert (pod["securityContext"]["runAsNonRoot"], str(pod["securityContext"]["runAsUser"])) == (True, user)
        (container,) = pod["containers"]
        context = container["securityContext"]
        assert (context["allowPrivilegeEscalation"], context["readOnlyRootFilesystem"]) == (False, True)
        assert context["capabilities"] == {"drop": ["ALL"]}
        given = {one["name"]: one.get("value", "postgresql://genkan@db/genkan") for one in container["env"]}
        assert set(given) <= SETTINGS
        accepted(given, tmp_path)
        root.app.parse_args(container["args"], exit_on_error=False, print_error=False)


def test_what_pods_read_is_defined() -> None:
    """Secrets with those keys, volumes with those names, a service for those labels and that port."""
    objects = documents()
    keys = {name.partition("/")[2]: set(one["stringData"]) for name, one in objects.items() if one["kind"] == "Secret"}
    keys["genkan-ring"] = {"secrets.json"}  # made from the ring's file, which is in no manifest
    for _, template in pods():
        (container,) = template["spec"]["containers"]
        for one in container["env"]:
            if "valueFrom" in one:
                secret = one["valueFrom"]["secretKeyRef"]
                assert secret["key"] in keys[secret["name"]]
        volumes = {volume["name"]: volume for volume in template["spec"].get("volumes", ())}
        assert {mount["name"] for mount in container.get("volumeMounts", ())} == set(volumes)
        for volume in volumes.values():
            if "secret" in volume:
                assert volume["secret"]["secretName"] in keys
    service, deployment = objects["Service/genkan"], objects["Deployment/genkan"]
    assert service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"http": Settings().port}
    assert service["spec"]["ports"][0]["targetPort"] == "http"


def test_probes_ask_for_what_is_answered_and_stops_are_long_enough() -> None:
    """Alive and ready are different questions; nobody is killed before what it acknowledged is finished."""
    deployment = documents()["Deployment/genkan"]["spec"]["template"]["spec"]
    (container,) = deployment["containers"]
    asked = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {name: one["path"] for name, one in asked.items()} == {
        "startup": "/healthz",
        "liveness": "/healthz",
        "readiness": "/readyz",
    }
    assert {one["path"] for one in asked.values()} <= PATHS
    assert {one["port"] for one in asked.values()} == {"http"}
    drain = int(next(one["value"] for one in container["env"] if one["name"] == "GENKAN_DRAIN_SECONDS"))
    assert drain >= container["readinessProbe"]["periodSeconds"] * container["readinessProbe"]["failureThreshold"]
    assert deployment["terminationGracePeriodSeconds"] > drain + GRACE_SECONDS + 15


def used(text: str) -> set[str]:
    """Names of metrics in a text."""
    return set(METRIC.findall(text))


async def known(site: SiteUnderTest) -> set[str]:
    """Names of metrics that there are, as queries write them."""
    text = exposition(await families(site.door)).decode()
    kinds = [line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE")]
    ends = {"histogram": ("_bucket", "_sum", "_count")}
    return {name + end for name, kind in kinds for end in ends.get(kind, ("",))}


@pytest.mark.parametrize("path", [ALERTS, DASHBOARD, ROOT / "docs/how-to/observe.md"], ids=lambda path: str(path.name))
async def test_metrics_that_are_asked_for_exist(site: SiteUnderTest, path: Path) -> None:
    """No panel and no alert waits for a series that nobody writes."""
    asked = used(path.read_text(encoding="utf-8"))
    named = {re.sub(r"_(bucket|sum|count)$", "", name) for name in await known(site)}
    assert asked
    assert asked - await known(site) - (named if path.suffix == ".md" else set()) == set()


async def test_every_metric_is_on_the_page(site: SiteUnderTest) -> None:
    """What there is to see is told to whom it concerns."""
    page = (ROOT / "docs/how-to/observe.md").read_text(encoding="utf-8")
    ours = {re.sub(r"_(bucket|sum|count)$", "", name) for name in await known(site) if name.startswith("genkan_")}
    assert {name for name in ours if f"`{name}`" not in page} == set()


def test_the_dashboard_holds_together() -> None:
    """Every panel has a place of its own, a title and a question; ids differ."""
    made = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    panels = [panel for panel in made["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in made["panels"]}) == len(made["panels"])
    places = [tuple(panel["gridPos"][side] for side in "xywh") for panel in made["panels"]]
    cells = {(x + dx, y + dy) for x, y, w, h in places for dx in range(w) for dy in range(h)}
    assert len(cells) == sum(w * h for _, _, w, h in places)
    for panel in panels:
        assert panel["title"]
        assert all(target["expr"] for target in panel["targets"])
        assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}


def test_alerts_name_reasons_and_routes_that_exist() -> None:
    """A label that never comes would keep an alert silent for ever."""
    text = ALERTS.read_text(encoding="utf-8") + DASHBOARD.read_text(encoding="utf-8")
    assert set(re.findall(r'\breason="(\w+)"', text)) <= {reason.value for reason in Reason}
    assert set(re.findall(r'\broute="([^"]+)"', text)) <= PATHS
    assert set(re.findall(r'\bcause="(\w+)"', text)) <= {cause.value for cause in Cause}
    tokens = {path for path in PATHS if re.fullmatch(r"/rest/oauth2/[^/]+/token", path)}
    assert len(tokens) == 2
    (slow,) = set(re.findall(r'\broute=~"([^"]+)"', text))
    assert {path for path in PATHS if re.fullmatch(slow, path)} == tokens


async def test_what_alerts_count_is_there_before_it_happens(site: SiteUnderTest) -> None:
    """A series that is born at its first count has not risen: whatever a rule selects is told at 0 from the start."""
    kinds = text_string_to_metric_families(exposition(await families(site.door)).decode())
    there = {(one.name, tuple(one.labels.items())) for family in kinds for one in family.samples}
    asked = re.findall(r"\b(genkan_\w+_total)(?:\{(\w+)=\"([^\"]+)\"\})?", ALERTS.read_text(encoding="utf-8"))
    assert len(asked) > 6
    for name, label, value in asked:
        found = [labels for named, labels in there if named == name]
        assert [one for one in found if not label or (label, value) in one], (name, label, value)


def test_every_alert_says_what_to_do() -> None:
    """A severity, how long it lasts, a sentence, and a page of the manual that exists."""
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    for rule in (rule for group in groups for rule in group["rules"]):
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith(".")
        assert (ROOT / rule["annotations"]["see"]).exists()


@pytest.mark.needs("promtool")
def test_alerts_fire_when_they_should() -> None:
    """Prometheus' own tool runs the cases beside them: each alert with what raises it and what does not."""
    cases = ROOT / "tests/docs/alert_cases.yaml"
    judged = subprocess.run(
        [installed_program("promtool"), "test", "rules", str(cases)], check=False, capture_output=True, text=True
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr
    named = {rule["alert"] for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]}
    tested = {
        case["alertname"]
        for one in yaml.safe_load(cases.read_text())["tests"]
        for case in one["alert_rule_test"]
        if case.get("exp_alerts")
    }
    assert tested == named


@pytest.mark.needs("promtool")
async def test_the_text_is_as_prometheus_wants_it(site: SiteUnderTest) -> None:
    """Its own tool finds no fault with names, types and help."""
    await site.myself("gnk_at_" + "A" * 52)
    text = exposition(await families(site.door))
    asked = [installed_program("promtool"), "check", "metrics"]
    judged = await asyncio.to_thread(subprocess.run, asked, input=text, check=False, capture_output=True)
    assert judged.returncode == 0, judged.stdout + judged.stderr
