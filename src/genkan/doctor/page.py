"""The report as one page of HTML to attach to a ticket: whole in itself, escaped, without script."""

from collections.abc import Callable
from datetime import UTC, datetime
from html import escape

from genkan.doctor.saying import say
from genkan.doctor.verdicts import Probe, Report, Verdict
from genkan.wire.sentences import Sentence

_WORDS = {
    Verdict.OK: say("ok"),
    Verdict.WARNING: say("warning"),
    Verdict.WRONG: say("wrong"),
    Verdict.UNKNOWN: say("unknown"),
}
_ANSWERS = {
    Verdict.OK: say("Yes."),
    Verdict.WARNING: say("Yes, with a catch."),
    Verdict.WRONG: say("No."),
    Verdict.UNKNOWN: say("Nothing is known to be wrong."),
}
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


def _answer(report: Report) -> Sentence:
    is_open = report.verdict is Verdict.UNKNOWN and not report.ready
    return say("It is not known.") if is_open else _ANSWERS[report.verdict]


class Page:
    """Writes a report for readers of one language; ``words`` gives that language's words for English ones."""

    def __init__(self, language: str = "en", words: Callable[[str], str] = str) -> None:
        self._language = language
        self._words = words

    def written(self, report: Report, now: int) -> str:
        """The page; ``now`` in milliseconds."""
        title = self._said(say("%(url)s: %(verdict)s", url=report.url, verdict=_WORDS[report.verdict]))
        body = "\n".join([
            f"<h1>{self._heading(report)}</h1>",
            f"<p>{self._looked_at(now)}</p>",
            *self._first(report),
            *(f"<p>{self._said(note)}</p>" for note in report.notes),
            *map(self._section, report.probes),
        ])  # fmt: skip
        return (
            f'<!DOCTYPE html>\n<html lang="{escape(self._language)}">\n<head>\n<meta charset="utf-8">\n'
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
            '<meta name="viewport" content="width=device-width">\n'
            f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
        )

    def _said(self, sentence: Sentence) -> str:
        return escape(sentence.in_words_of(self._words))

    def _heading(self, report: Report) -> str:
        return self._said(say("Is %(url)s ready for the app? %(answer)s", url=report.url, answer=_answer(report)))

    def _looked_at(self, now: int) -> str:
        at = f"{datetime.fromtimestamp(now / 1000, UTC):%Y-%m-%d %H:%M}"
        return self._said(say("Looked at from outside by genkan check, %(at)s UTC.", at=at))

    def _first(self, report: Report) -> list[str]:
        first = report.first
        if first is None or first.remedy is None:
            return []
        lead = self._said(say("Change first (%(probe)s):", probe=first.id))
        return [f'<p class="first"><strong>{lead}</strong> {self._said(first.remedy)}</p>']

    def _section(self, probe: Probe) -> str:
        rows = [
            (say("asked"), probe.question),
            (say("answered"), probe.reply),
            (say("why"), probe.reason),
            (say("fix"), probe.remedy),
        ]
        listed = "".join(
            f"<dt>{self._said(name)}</dt><dd>{self._said(value)}</dd>" for name, value in rows if value is not None
        )
        heading = self._said(say("%(probe)s: %(verdict)s", probe=probe.id, verdict=_WORDS[probe.verdict]))
        return f'<section class="{probe.verdict.value}"><h2>{heading}</h2><dl>{listed}</dl></section>'
