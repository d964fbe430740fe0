"""What the rules say to a value that will not do, as a sentence. The rules' own words name the field for programs."""

from collections.abc import Mapping

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import entry

_AMOUNTS = ("at most ",)
OPTIONS = {
    "absolute lifetime": "--absolute-days: write how many days, or 0 for never",
    "lifetime": "--days: write 1 or more, or leave it out for a key that works until it is revoked",
    "consent": "--consent remember: only a confidential link with https redirects may remember",
    "overlap": "--overlap: write how many seconds, or 0 to stop the old secret at once",
}
KEYS = {
    "absolute lifetime": "absolute_lifetime_seconds: write how many seconds, or 0 for never",
    "consent": "consent: only a confidential link with https redirects may remember",
}


def sentence(refused: Refused, names: Mapping[str, str]) -> str:
    """A refusal for a person; ``names`` are the words for what people write under another name than the rules."""
    if not refused.detail:
        return entry(refused.reason).public
    field, mark, rest = refused.detail.partition(": ")
    if not mark or field.startswith("redirect '"):
        return refused.detail
    if field in names:
        return names[field]
    return _joined(field, rest)


def _joined(field: str, rest: str) -> str:
    if rest.startswith("it "):
        return f"the {_noun(field)} {rest.removeprefix('it ')}"
    if not rest[:1].isdigit() and not rest.startswith(_AMOUNTS):
        return rest
    if field == "group":
        return f"a person can be in {rest.replace(',', ' groups,', 1)}"
    return f"{'a link' if field == 'redirect' else f'the {_noun(field)}'} must have {rest}"


def _noun(field: str) -> str:
    return "e-mail address" if field == "e-mail" else field
