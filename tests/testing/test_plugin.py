"""The plugin as pytest finds it: the manual's examples are a user's test file, run in a pytest of their own."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "test-your-app.md"
COUNT = 6


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    """pytest over a user's folder, warnings as errors, with nothing of this repository's own set-up."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("GENKAN_", "PYTEST_"))}
    # Plugins of others in this environment have warnings of their own.
    others = [word for name in ("asyncio", "schemathesis", "cacheprovider") for word in ("-p", f"no:{name}")]
    argv = [sys.executable, "-m", "pytest", "-q", "-W", "error", *others]
    return subprocess.run(argv, cwd=folder, env=plain, capture_output=True, text=True, timeout=300, check=False)


def test_the_examples_of_the_manual_run(tmp_path: Path) -> None:
    """What the page shows passes as it stands, as one file of somebody's own tests."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "test_app.py").write_text("\n\n".join(blocks))
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    said = run(tmp_path)
    assert f"{COUNT} passed" in said.stdout, said.stdout + said.stderr
    assert said.returncode == 0


def test_a_set_up_is_overridden_where_tests_are(tmp_path: Path) -> None:
    """A conftest's ``genkan_setup`` is what ``genkan_site`` starts with, and a file's own wins over it."""
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (tmp_path / "conftest.py").write_text(
        "import pytest\nfrom genkan.testing import Setup\n\n"
        "@pytest.fixture\ndef genkan_setup():\n    return Setup(people=('conny',), path='/wiki')\n"
    )
    (tmp_path / "test_of_conftest.py").write_text(
        "def test_it(genkan_site):\n"
        "    assert genkan_site.base_url.endswith('/wiki')\n"
        "    assert genkan_site.tokens('conny')\n"
    )
    (tmp_path / "test_of_file.py").write_text(
        "import pytest\nfrom genkan.testing import Setup\n\n"
        "@pytest.fixture\ndef genkan_setup():\n    return Setup(people=('fay',), settings={'access_seconds': 5})\n\n"
        "def test_it(genkan_site):\n    assert genkan_site.tokens('fay')['expires_in'] == 5\n"
    )
    said = run(tmp_path)
    assert "2 passed" in said.stdout, said.stdout + said.stderr


def test_a_run_that_asks_for_no_site_loads_none(tmp_path: Path) -> None:
    """The plugin is loaded everywhere; the server's code, and even its HTTP client, only where a test wants a site."""
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (tmp_path / "test_other.py").write_text(
        "import sys\n\ndef test_it(request):\n"
        "    assert request.config.pluginmanager.hasplugin('genkan')\n"
        "    heavy = ('genkan.site', 'genkan.store', 'genkan.protocol', 'httpx2', 'uvloop')\n"
        "    assert not [name for name in sys.modules if name.startswith(heavy)]\n"
    )
    said = run(tmp_path)
    assert "1 passed" in said.stdout, said.stdout + said.stderr
