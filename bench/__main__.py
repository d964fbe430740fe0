"""The command `python -m bench`: what to run, and where the results go. The order of a run is in `suite`."""

import argparse
import shlex
import signal
import sys
from pathlib import Path

from bench.growth import SAMPLE
from bench.peers import all_peers
from bench.scenarios import all_scenarios
from bench.suite import NODES, PAGES, PASSKEYS, Choice, run

QUICK_PEERS = ("genkan", "oidc-provider-memory")
QUICK_SCENARIOS = ("S1", "S2", "S3", "S4", "S5")
GRANTS = f"S8: grants in the full store (1000000; more than {SAMPLE:,}; 0 leaves S8 out)"
RESULTS = Path(__file__).parent / "results"


def _choice(words: list[str]) -> Choice:
    peers, scenarios = list(all_peers()), [scenario.id for scenario in all_scenarios()] + [NODES, PAGES, PASSKEYS]
    parser = argparse.ArgumentParser(prog="python -m bench", description="Genkan and its peers under the same load.")
    parser.add_argument("--quick", action="store_true", help="S1 to S5, Genkan and one peer, about two minutes")
    parser.add_argument("--peer", action="append", choices=peers, help="only this server; may be repeated")
    parser.add_argument("--scenario", action="append", choices=scenarios, help="only this scenario; may be repeated")
    parser.add_argument("--rounds", type=int, help="rounds a scenario (5; quick: 3)")
    parser.add_argument("--seconds", type=float, help="seconds a round (5; quick: 2)")
    parser.add_argument("--grants", type=int, help=GRANTS)
    parser.add_argument("--workers", type=int, default=4, help="S10: at most so many processes in all (4)")
    parser.add_argument("--phones", type=int, help="S11: sign-ins in the store (1000000; quick: 20000; 0: no S11)")
    parser.add_argument("--people", type=int, help="S11: accounts in the store (100000; quick: 2000)")
    patience = "seconds that a round may wait, and be taken again, until other programs rest (5; quick: 0)"
    parser.add_argument("--patience", type=float, help=patience)
    parser.add_argument("--alone", action="store_true", help="also S6 to S9, S11 when peers or scenarios are named")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "genkan-bench", help="where peers live")
    parser.add_argument("--results", type=Path, default=None, help="the folder for the page, the data and the plot")
    asked = parser.parse_args(words)
    if asked.grants is not None and asked.grants != 0 and asked.grants <= SAMPLE:
        # Fewer would be refreshed more often than one grant may be, and fill no more than the store beside it.
        parser.error(f"--grants: 0, or more than the {SAMPLE:,} of the other store")
    quick = asked.quick
    chosen = bool(asked.peer or asked.scenario)
    return Choice(
        command=shlex.join(["python", "-m", "bench", *_without_folders(words)]),
        peers=tuple(asked.peer or (QUICK_PEERS if quick else peers)),
        scenarios=tuple(asked.scenario or (QUICK_SCENARIOS if quick else scenarios)),
        rounds=asked.rounds or (3 if quick else 5),
        seconds=asked.seconds or (2 if quick else 5),
        alone=asked.alone or not (quick or chosen),
        grants=1_000_000 if asked.grants is None else asked.grants,
        workers=asked.workers,
        phones=(20_000 if quick else 1_000_000) if asked.phones is None else asked.phones,
        people=asked.people or (2_000 if quick else 100_000),
        patience_s=(0 if quick else 5) if asked.patience is None else asked.patience,
        cache=asked.cache,
        results=asked.results or RESULTS / ("quick" if quick else "full"),
    )


def _without_folders(words: list[str]) -> list[str]:
    """The words as they belong on a page that others read: where this machine keeps its folders is left out."""
    kept, skip = [], False
    for word in words:
        if not skip and not word.startswith(("--cache", "--results")):
            kept.append(word)
        skip = word in ("--cache", "--results")
    return kept


def main() -> int:
    """Runs the suite; exit 1 when a figure is invalid or a server is missing."""
    # Ended from outside, the suite still ends its servers and removes its folders.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    outcome = run(_choice(sys.argv[1:]))
    return 0 if outcome.is_valid else 1


if __name__ == "__main__":
    sys.exit(main())
