"""The audit in people's words."""

import pytest

from genkan.protocol.event_words import (
    ACTOR_WORDS,
    EVENT_NAMES,
    EVENT_SENTENCES,
    GROUP_NAMES,
    Actor,
    ActorKind,
    group_of,
    kinds_named,
    read_actor,
)
from genkan.protocol.outcomes import EventKind


def test_every_kind_has_a_sentence_a_name_and_a_group() -> None:
    """No event is shown as its code, and none is missing among what can be chosen."""
    assert set(EVENT_SENTENCES) == set(EVENT_NAMES) == set(EventKind)
    assert {group_of(kind) for kind in EventKind} == set(GROUP_NAMES)
    assert len(set(EVENT_NAMES.values())) == len(EVENT_NAMES)
    assert set(ACTOR_WORDS) == set(ActorKind)


def test_sentences_ask_for_nothing_that_a_line_lacks() -> None:
    """A person and a link are all that is filled in."""
    filled = [sentence % {"person": "P", "link": "L"} for sentence in EVENT_SENTENCES.values()]
    assert all(sentence.endswith(".") and "%" not in sentence for sentence in filled)
    assert all(words % {"name": "N"} for words in ACTOR_WORDS.values())


@pytest.mark.parametrize(
    ("text", "actor"),
    [
        ("account:00000000000000ff", Actor(ActorKind.PERSON, "00000000000000ff")),
        ("account:00000000000000ff link:abc", Actor(ActorKind.PERSON, "00000000000000ff")),
        ("api-key:MDM job", Actor(ActorKind.API_KEY, "MDM job")),
        ("command:root", Actor(ActorKind.COMMAND, "root")),
        ("link:0123abcd", Actor(ActorKind.LINK, "0123abcd")),
        ("bearer", Actor(ActorKind.BEARER, "")),
        ("", Actor(ActorKind.OTHER, "")),
        ("<b>", Actor(ActorKind.OTHER, "<b>")),
    ],
)
def test_who_did_it_is_read_from_a_line(text: str, actor: Actor) -> None:
    """Whatever stands there, also what nobody of ours has written."""
    assert read_actor(text) == actor


def test_a_word_names_one_kind_or_a_group() -> None:
    """The group before the dot stands for all of its kinds; an unknown word for none."""
    assert kinds_named("mobile.on") == {"mobile.on"}
    assert kinds_named("mobile") == {"mobile.on", "mobile.off"}
    assert kinds_named("key") == {"key.added", "key.activated", "key.revoked", "key.dropped"}
    assert kinds_named("") == kinds_named("mob") == frozenset()
