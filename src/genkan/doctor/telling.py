"""How probes are put into words alike: what to say where there was no answer, and shortcuts for verdicts."""

from genkan.doctor.observed import Silence, Silent
from genkan.doctor.verdicts import Probe, Verdict

_IN_WORDS = {
    Silence.CONNECTION: "no answer: the connection breaks",
    Silence.TLS: "no answer: the handshake fails",
    Silence.CLIENT_CERTIFICATE: "no answer: the server wants a client certificate first",
    Silence.SLOW: "no answer in time",
    Silence.GARBAGE: "an answer that is not HTTP",
    Silence.NOT_ASKED: "not asked",
}


class Told:
    """One probe being put into words: its id, what was asked and why it matters stand, the rest is decided."""

    def __init__(self, probe_id: str, asked: str, why: str) -> None:
        self.id = probe_id
        self.asked = asked
        self.why = why

    def ok(self, answered: str) -> Probe:
        """Nothing to change."""
        return Probe(self.id, Verdict.OK, self.asked, _line(answered), self.why)

    def warning(self, answered: str, fix: str) -> Probe:
        """It works, with a catch."""
        return Probe(self.id, Verdict.WARNING, self.asked, _line(answered), self.why, _lines(fix))

    def wrong(self, answered: str, fix: str) -> Probe:
        """The app fails on it."""
        return Probe(self.id, Verdict.WRONG, self.asked, _line(answered), self.why, _lines(fix))

    def unknown(self, answered: str, fix: str = "") -> Probe:
        """It cannot be told; ``fix`` says where to look."""
        return Probe(self.id, Verdict.UNKNOWN, self.asked, _line(answered), self.why, _lines(fix))

    def unasked(self, silent: Silent) -> Probe:
        """No answer, whose reason another probe names."""
        return self.unknown(_IN_WORDS[silent.silence])


def in_words(silent: Silent) -> str:
    """Why there is no answer."""
    return _IN_WORDS[silent.silence] + (f" ({silent.detail})" if silent.detail else "")


def _line(text: str) -> str:
    """Nothing that a server wrote may move a cursor or break a line."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _lines(text: str) -> str:
    """The lines of a fix are ours."""
    return "\n".join(map(_line, text.split("\n")))
