"""Writes `whatwg.json`: how a browser's URL parser (that of Node) reads every confusing text that may be registered.

Run `python -m tests.vectors.whatwg` after the corpus of confusions has changed.
"""

import json
import subprocess
from pathlib import Path

from genkan.wire.redirects import RedirectURI, parse_redirect
from tests.wire.confusions import REGISTERED, corpus

VECTOR = Path(__file__).with_suffix(".json")
READER = """
const texts = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const read = (text) => {
  try { const url = new URL(text); return [url.protocol, url.hostname, url.port]; } catch { return null; }
};
process.stdout.write(JSON.stringify(Object.fromEntries(texts.map((text) => [text, read(text)]))));
"""


def registrable() -> list[str]:
    """Every text of the corpus that passes at registration, sorted."""
    texts = {*REGISTERED, *(confusion.asked for confusion in corpus())}
    return sorted(text for text in texts if isinstance(parse_redirect(text), RedirectURI))


def main() -> None:
    """Ask Node and write its answers, one text a line."""
    asked = json.dumps(registrable())
    done = subprocess.run(["node", "-e", READER], input=asked, capture_output=True, text=True, check=True)
    lines = [f"  {json.dumps(text)}: {json.dumps(read)}" for text, read in json.loads(done.stdout).items()]
    VECTOR.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
