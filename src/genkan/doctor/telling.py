"""How probes are put into words alike: what to say where there was no answer, and shortcuts for verdicts."""

from collections.abc import Callable

from genkan.doctor.observed import Silence, Silent
from genkan.doctor.saying import say
from genkan.doctor.verdicts import Probe, Verdict
from genkan.wire.sentences import Sentence, visible

BY_SILENCE = {
    Silence.CONNECTION: say("no answer: the connection breaks"),
    Silence.TLS: say("no answer: the handshake fails"),
    Silence.CLIENT_CERTIFICATE: say("no answer: the server wants a client certificate first"),
    Silence.SLOW: say("no answer in time"),
    Silence.GARBAGE: say("an answer that is not HTTP"),
    Silence.NOT_ASKED: say("not asked"),
}


SILENT = say("Check again; if this stays, see in the log of the site and of its proxy why this is not answered.")


class Told:
    """One probe being put into words: its id, what was asked and why it matters stand, the rest is decided."""

    def __init__(self, probe_id: str, asked: Sentence, why: Sentence) -> None:
        self.id = probe_id
        self.asked = asked
        self.why = why

    def ok(self, answered: Sentence) -> Probe:
        """Nothing to change."""
        return self._probe(Verdict.OK, answered)

    def warning(self, answered: Sentence, fix: Sentence) -> Probe:
        """It works, with a catch."""
        return self._probe(Verdict.WARNING, answered, fix)

    def wrong(self, answered: Sentence, fix: Sentence) -> Probe:
        """The app fails on it."""
        return self._probe(Verdict.WRONG, answered, fix)

    def unknown(self, answered: Sentence, fix: Sentence | None = None) -> Probe:
        """It cannot be told; ``fix`` says where to look."""
        return self._probe(Verdict.UNKNOWN, answered, fix)

    def unasked(self, silent: Silent, fix: Sentence | None = None) -> Probe:
        """No answer, whose reason another probe names."""
        return self.unknown(BY_SILENCE[silent.silence], None if silent.silence is Silence.NOT_ASKED else fix)

    def _probe(self, verdict: Verdict, answered: Sentence, fix: Sentence | None = None) -> Probe:
        return put(self.id, verdict, self.asked, answered, self.why, fix)


def put(
    name: str, verdict: Verdict, asked: Sentence, answered: Sentence, why: Sentence, fix: Sentence | None = None
) -> Probe:
    """A probe, with what others wrote made fit to be shown."""
    remedy = None if fix is None else _with_values(fix, _lines)
    return Probe(name, verdict, asked, _with_values(answered, visible), why, remedy)


def in_words(silent: Silent) -> Sentence:
    """Why there is no answer."""
    kind = BY_SILENCE[silent.silence]
    return say("%(kind)s (%(detail)s)", kind=kind, detail=silent.detail) if silent.detail is not None else kind


def _with_values(said: Sentence, made_fit: Callable[[str], str]) -> Sentence:
    """The words are ours; what stands in their places may be anybody's."""
    values = (
        (name, made_fit(value) if isinstance(value, str) else _with_values(value, made_fit))
        for name, value in said.values
    )
    return Sentence(said.words, tuple(values))


def _lines(text: str) -> str:
    """The lines of a fix are ours."""
    return "\n".join(map(visible, text.split("\n")))
