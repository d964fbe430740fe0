"""What the profile reads out of its tools' own output."""

import pytest

from bench import profiling

LIBRARIES = """
# Overhead  Shared Object
    54.00%  python3.11
    24.00%  [kernel.kallsyms]
     7.00%  libsqlite3.so.0.8.6
     1.25%  parser.cpython-311-x86_64-linux-gnu.so
     0.75%  url_parser.cpython-311-x86_64-linux-gnu.so
     0.25%  ld-linux-x86-64.so.2
"""
CALLS = """
    21.37%     0.20%  [k] do_syscall_64                          -      -
     9.76%     0.01%  [k] ksys_write                             -      -
     3.78%     0.01%  [k] __x64_sys_fdatasync                    -      -
     1.20%     0.00%  [k] __x64_sys_sendto                       -      -
     1.10%     0.00%  [k] __sys_sendto                           -      -
"""
STACKS = """\
<module> (genkan:5);Runner.run (asyncio/runners.py:118);data (genkan/httpd/reading.py:9);_target (urllib/parse.py:1) 3
<module> (genkan:5);Runner.run (asyncio/runners.py:118);_do (genkan/httpd/a.py:2);ask (genkan/site/x.py:3) 5
<module> (genkan:5);serve (genkan/cli/serve.py:1);Runner.run (asyncio/runners.py:118) 2
_bootstrap (threading.py:9);_work (genkan/store/sqlite_writer.py:4) 90
"""


def test_libraries_are_told_by_what_they_do() -> None:
    """Of everything that nobody knows by name there is one line."""
    found = profiling.shares_of_libraries(LIBRARIES)
    assert found == {
        "the interpreter": 54.0, "the kernel": 24.0, "SQLite": 7.0, "httptools": 1.25, "other libraries": 1.0
    }  # fmt: skip


def test_a_call_counts_once_under_whatever_name_it_stands() -> None:
    """Its entry and its inner function are one."""
    assert profiling.shares_of_calls(CALLS) == {"write": 9.76, "fdatasync": 3.78, "sendto": 1.2}


def test_the_loops_time_is_that_of_the_innermost_package() -> None:
    """What a package calls outside of ours is its own; other threads are not the loop."""
    found = profiling.shares_of_packages(STACKS)
    assert found == {"genkan.httpd": 30.0, "genkan.site": 50.0, "the loop itself": 20.0}
    assert sum(found.values()) == pytest.approx(100)
