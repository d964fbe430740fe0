"""The report as one page of HTML to attach to a ticket: whole in itself, escaped, without script."""

from datetime import UTC, datetime
from html import escape

from genkan.doctor.verdicts import Probe, Report, Verdict

_WORDS = {Verdict.OK: "ok", Verdict.WARNING: "warning", Verdict.WRONG: "wrong", Verdict.UNKNOWN: "unknown"}
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1e;
  background: #fff; }
h1 { font-size: 1.4rem; } h2 { font-size: 1rem; margin: 0; }
section { border: 1px solid #d5d5da; border-left-width: .4rem; border-radius: .3rem; padding: .7rem 1rem;
  margin: .8rem 0; }
.ok { border-left-color: #1f7a3d; } .warning { border-left-color: #8a5a00; } .wrong { border-left-color: #b3261e; }
.unknown { border-left-color: #5f6368; }
dl { display: grid; grid-template-columns: 6rem 1fr; gap: .2rem 1rem; margin: .4rem 0 0; } dt { color: #5f6368; }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
.first { border: 2px solid #b3261e; padding: .8rem 1rem; border-radius: .3rem; white-space: pre-wrap; }
"""


def page(report: Report, now: int) -> str:
    """The page; ``now`` in milliseconds."""
    at = datetime.fromtimestamp(now / 1000, UTC)
    body = "\n".join([
        f"<h1>Is {escape(report.url)} ready for the app? {_answer(report)}</h1>",
        f"<p>Looked at from outside by <code>genkan check</code>, {at:%Y-%m-%d %H:%M} UTC.</p>",
        *_first(report),
        *(f"<p>{escape(note)}</p>" for note in report.notes),
        *map(_section, report.probes),
    ])  # fmt: skip
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(report.url)}: {_WORDS[report.verdict]}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _answer(report: Report) -> str:
    return {Verdict.OK: "Yes.", Verdict.WARNING: "Yes, with a catch.", Verdict.UNKNOWN: "Nothing is known to be wrong."
            }.get(report.verdict, "No.")  # fmt: skip


def _first(report: Report) -> list[str]:
    first = report.first
    if first is None:
        return []
    return [f'<p class="first"><strong>Change first ({escape(first.id)}):</strong> {escape(first.fix)}</p>']


def _section(probe: Probe) -> str:
    rows = [("asked", probe.asked), ("answered", probe.answered), ("why", probe.why), ("fix", probe.fix)]
    listed = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows if value)
    verdict = _WORDS[probe.verdict]
    return f'<section class="{verdict}"><h2>{escape(probe.id)}: {verdict}</h2><dl>{listed}</dl></section>'
