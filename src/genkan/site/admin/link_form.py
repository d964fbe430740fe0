"""The form of an application link: what stands in it, what it asks for, and what is said beside its fields."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from genkan.protocol import link_wishes
from genkan.protocol.administration import reach_fault, ways_fault
from genkan.protocol.link_wishes import MOST_REDIRECTS, Fault, Field, LinkWish, kind_of, policy_faults
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import ConsentMode, Link, LinkKind, Site, Way
from genkan.site import ways_form
from genkan.site.read import Form
from genkan.wire import redirects
from genkan.wire.redirects import RedirectURI, parse_redirect
from genkan.wire.scopes import WORDS, Permission
from genkan.wire.sentences import Sentence, sentence

DRAFT = "draft"
VERSION = "version"
STEP = "step"
ADD = "add"
REMOVE = "remove-"
CHOOSE_PERMISSION = "Choose what the application may do at most."
_ROW = "redirect-"
Faults = dict[str, list[Sentence]]


@dataclass(frozen=True, slots=True)
class LinkForm:
    """What stands in the form, right or wrong. ``rows`` are the redirect URLs, empty ones too; ``kind`` "" lets them
    decide.
    """

    name: str = ""
    rows: tuple[str, ...] = ("",)
    permission: str = ""
    kind: str = ""
    consent: str = ConsentMode.ALWAYS
    introspect: bool = False
    pkce_required: bool = False
    ways: Way = Way.NONE
    max_age: str = ""

    @property
    def redirects(self) -> tuple[str, ...]:
        """The redirect URLs that are written."""
        return tuple(row.strip() for row in self.rows if row.strip())

    def wish(self, link: Link | None = None, client_id: str | None = None) -> LinkWish | None:
        """What it asks for, None without a permission. What the form does not show stays as it is with ``link``."""
        if self.permission not in Permission.__members__:
            return None
        asked = LinkWish(
            self.name,
            self.redirects,
            Permission[self.permission],
            LinkKind(self.kind) if self.kind else None,
            ConsentMode(self.consent),
            self.introspect,
            self.pkce_required,
            client_id=client_id,
            ways=self.ways,
            max_age=ways_form.typed_age(self.max_age, link.max_age if link else None),
        )
        if link is None:
            return asked
        return replace(asked, kind=link.kind, plain_pkce=link.plain_pkce, absolute_lifetime=link.absolute_lifetime)


def read_form(form: Form) -> LinkForm:
    """The form as it was sent; what no form of ours sends counts as nothing chosen."""
    kind, consent = form.get("kind", ""), form.get("consent", "")
    return LinkForm(
        form.get("name", ""),
        tuple(form[row] for row in _rows(MOST_REDIRECTS + 1) if row in form) or ("",),
        form.get("permission", ""),
        kind if kind in frozenset(LinkKind) else "",
        consent if consent in frozenset(ConsentMode) else ConsentMode.ALWAYS,
        form.get("introspect") == "yes",
        form.get("pkce_required") == "yes",
        ways_form.ticked(form),
        form.get(ways_form.AGE, ""),
    )


def form_of(link: Link) -> LinkForm:
    """The form filled in with a link as it is."""
    return LinkForm(
        link.name, link.redirects, link.permission.name, link.kind, link.consent, link.introspect, link.pkce_required,
        link.ways, ways_form.minutes(link.max_age),
    )  # fmt: skip


def stepped(shown: LinkForm, step: str) -> LinkForm | None:
    """The form with a row more or less, where one of those buttons was pressed; None where it is to be saved."""
    rows = shown.rows
    if step == ADD:
        return replace(shown, rows=(*rows, "") if len(rows) < MOST_REDIRECTS else rows)
    if step.startswith(REMOVE):
        gone = step.removeprefix(REMOVE)
        return replace(shown, rows=tuple(row for at, row in enumerate(rows, 1) if str(at) != gone) or ("",))
    return None


def faults_of(shown: LinkForm, link: Link | None, reach: Permission, site: Site, *, allow_http: bool) -> Faults:
    """By field's name what is wrong, by the rules that saving goes by. ``reach``: how far who fills it in may go."""
    wish = shown.wish(link)
    found: Faults = {}
    if wish is None:
        found["permission"] = [sentence(CHOOSE_PERMISSION)]
        wish = replace(shown, permission=Permission.READ.name).wish(link)
    elif reach_fault(reach, wish.permission, *([link.permission] if link else [])):
        found["permission"] = [sentence(entry(Reason.ABOVE_CALLER).public)]
    if ways_fault(reach, shown.ways, site, link):
        found["ways"] = [sentence(entry(Reason.ABOVE_CALLER).public)]
    if wish is not None:
        judged = link_wishes.faults(wish, allow_http=allow_http)
        for fault in chain(judged, policy_faults(wish, link.kind if link else kind_of(wish))):
            found.setdefault(_field(fault, shown), []).append(fault.said)
    return found


def advice_of(shown: LinkForm) -> dict[str, Sentence]:
    """By field's name what could be better about a redirect URL that will do."""
    written = {row: parse_redirect(text.strip(), allow_http=True) for row, text in _named(shown)}
    return {row: uri.advice for row, uri in written.items() if isinstance(uri, RedirectURI) and uri.advice}


def values(shown: LinkForm, faults: Faults, link: Link | None, *, only_written: bool = False) -> dict[str, object]:
    """The form's variables of the templates. ``only_written``: say nothing yet of fields that are empty."""
    told = {name: said for name, said in faults.items() if not only_written or _is_written(name, shown)}
    advice = advice_of(shown)
    rows = [
        {"name": name, "value": text, "faults": told.get(name, []), "advice": advice.get(name)}
        for name, text in _named(shown)
    ]
    return {
        "shown": shown,
        "rows": rows,
        "faults": told,
        "most_rows": MOST_REDIRECTS,
        "permissions": [(permission.name, WORDS[permission]) for permission in Permission],
        "decided_kind": _decided(shown, link),
        "way_boxes": ways_form.boxes(shown.ways),
    }


def _decided(shown: LinkForm, link: Link | None) -> str:
    """The kind that it will be, as far as can be told yet."""
    if link is not None:
        return link.kind
    if shown.kind:
        return shown.kind
    if not any(isinstance(parse_redirect(text, allow_http=True), RedirectURI) for text in shown.redirects):
        return ""
    return LinkKind.NATIVE if redirects.is_native(shown.redirects) else LinkKind.CONFIDENTIAL


def _named(shown: LinkForm) -> list[tuple[str, str]]:
    return list(zip(_rows(len(shown.rows)), shown.rows, strict=True))


def _rows(count: int) -> Sequence[str]:
    return [f"{_ROW}{n}" for n in range(1, count + 1)]


def _field(fault: Fault, shown: LinkForm) -> str:
    """The name of the field beside which a fault is told."""
    if fault.field is not Field.REDIRECTS:
        return fault.field
    written = [name for name, text in _named(shown) if text.strip()]
    return written[fault.at] if fault.at is not None else f"{_ROW}1"


def _is_written(name: str, shown: LinkForm) -> bool:
    rows = dict(_named(shown))
    return bool(rows[name].strip()) if name in rows else name != "permission" and (name != "name" or bool(shown.name))
