"""S12: what an app developer waits for: a test double that answers, and the import of the library and of its plugin.

Each figure is taken in a Python of its own, for what one imports is imported for all that follow.
"""

import json
import statistics
import subprocess
import sys

STARTS = 9
_IMPORT = """
import time
began = time.perf_counter()
import {module}
print(time.perf_counter() - began)
"""
_DOUBLE = f"""
import json, time
began = time.perf_counter()
from genkan.testing import SiteDouble
import httpx2
spent = []
client = httpx2.Client(trust_env=False)
for number in range({STARTS} + 1):
    began = began if number == 0 else time.perf_counter()
    with SiteDouble() as site:
        client.get(site.base_url + "/rest/nativemobile/1.1/info/login").raise_for_status()
        spent.append(time.perf_counter() - began)
print(json.dumps(spent))
"""


def figures() -> dict[str, float]:
    """Milliseconds: the double's first start in a process, imports included, its later ones, and two imports."""
    first, *later = json.loads(_said(_DOUBLE))
    return {
        "double_first_ms": first * 1000,
        "double_ms": statistics.median(later) * 1000,
        "import_app_ms": _import_ms("genkan.app.session"),
        "import_plugin_ms": _import_ms("genkan.testing.plugin"),
    }


def _import_ms(module: str) -> float:
    return statistics.median(float(_said(_IMPORT.format(module=module))) for _ in range(STARTS)) * 1000


def _said(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=300)
    return done.stdout
