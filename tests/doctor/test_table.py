"""The doctor's table as a table: every rule ends, every place has a value, and what is wrong has a fix."""

import pytest

from genkan.doctor.examine import NEEDED, RULES
from genkan.doctor.judge_site import APP_VERSION
from genkan.doctor.table import Rule, always, places
from genkan.doctor.verdicts import Verdict
from genkan.wire.sentences import Sentence

ALL = (*RULES, APP_VERSION)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_a_rule_holds_together(rule: Rule) -> None:
    """The last row alone holds always; a verdict that asks for a change says which; all places have values."""
    assert [row.when is always for row in rule.rows] == [False] * (len(rule.rows) - 1) + [True]
    for row in rule.rows:
        assert (row.fix is not None) or row.verdict in {Verdict.OK, Verdict.UNKNOWN}
        assert row.fix is None or row.verdict is not Verdict.OK
    said = [rule.asked, rule.why, *(words for row in rule.rows for words in (row.answered, row.fix) if words)]
    templates = [words.words for words in said if isinstance(words, Sentence) and not words.values]
    assert {name for words in templates for name in places(words)} <= rule.values.keys()


def test_names_are_told_apart() -> None:
    """No two rules have one name, and what is needed is among them."""
    assert len({rule.id for rule in ALL}) == len(ALL)
    assert {rule.id for rule in RULES} >= NEEDED
