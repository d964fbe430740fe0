"""The console's page of the base URL: the site's name, and what a move takes."""

from genkan.site.api.moving import Plan
from genkan.site.phone_guide import mdm_value
from genkan.wire.urls import BaseURLProblem, parse_base_url
from tests.browser.gallery_console import framed
from tests.browser.showing_values import Chosen, Shown
from tests.protocol.builders import a_link

TO = "https://desk.example.com"


def pages(chosen: Chosen) -> list[Shown]:
    """All states of the page."""
    values: dict[str, object] = {
        **framed(chosen, "/admin/base-url"),
        "below": "/admin/base-url",
        "title": chosen("Front Desk"),
        "title_is_set": False,
        "most": 100,
        "former": ["https://old.example/jira", "http://older.example:8080"],
        "to": "",
        "problem": None,
        "plan": None,
        "faults": {},
        "mobile_on": True,
    }
    problem = parse_base_url("desk.example.com")
    assert isinstance(problem, BaseURLProblem)
    wrong = {
        **values,
        "to": chosen("desk.example.com"),
        "problem": (problem.what, problem.instead),
        "title": chosen("Front Desk"),
        "faults": {"site_title": "Site name: up to 100 printable characters.", "to": "wrong"},
    }
    moving = {**values, "former": [], "title_is_set": True, "to": TO, "plan": a_plan(chosen)}
    return [
        Shown("base-url", "admin_base_url.html", values),
        Shown("base-url-wrong", "admin_base_url.html", wrong, 400),
        Shown("base-url-move", "admin_base_url.html", moving),
        Shown("base-url-here", "admin_base_url.html", {**values, "to": "https://site.example/desk"}),
    ]


def a_plan(chosen: Chosen) -> Plan:
    """A move to another host."""
    return Plan(
        to=TO,
        lines=f"GENKAN_BASE_URL={TO}\nGENKAN_FORMER_BASE_URLS=https://site.example/desk",
        toml=f'base_url = "{TO}"\nformer_base_urls = ["https://site.example/desk"]',
        mdm_value=mdm_value(chosen("Front Desk"), TO, a_link()),
        same_host=False,
        behind_proxy=True,
        neighbours=(chosen("Build server"), chosen("Reports")),
    )
