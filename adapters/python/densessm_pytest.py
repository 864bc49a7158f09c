"""Plugin of pytest that checks kernels with densessm: one test for each row, an operator in one mode and type.

    PYTHONPATH=adapters/python pytest -p densessm_pytest --densessm "python3 my_kernel.py" -k linearScan

`npx densessm check --backend COMMAND` runs once, when tests are collected. `--densessm-options="--cases 20"` has more of
its options, and `--densessm-command` another way to call densessm. A test fails with the report of its row, or with the
reason where a row was not asked to its end, and is skipped where a row is wrong as accepted, or every case was declined.
Where a check fails by no row, one more test fails with its last line. It needs pytest 7 or newer. Under pytest-xdist each
worker would run the whole check: leave densessm out there.
"""

from __future__ import annotations

import shlex
import subprocess
import tempfile
import xml.etree.ElementTree as xml
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: Any) -> None:
    group = parser.getgroup('densessm')
    group.addoption('--densessm', metavar='COMMAND', help='check this backend with densessm, one test for each row')
    group.addoption('--densessm-options', metavar='OPTIONS', default='', help='more options of densessm check')
    group.addoption('--densessm-command', metavar='COMMAND', default='npx densessm', help='how to call densessm')


class Wrong(Exception):
    """The report of a row."""


class Row(pytest.Item):
    """A row, as densessm writes it for JUnit."""

    def __init__(self, found: xml.Element, **others: Any) -> None:
        super().__init__(**others)
        self.found = found

    def runtest(self) -> None:
        if (skipped := self.found.find('skipped')) is not None:
            pytest.skip(skipped.get('message', ''))
        for kind in ('failure', 'error'):
            if (found := self.found.find(kind)) is not None:
                raise Wrong(found.text or found.get('message'))

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        return str(excinfo.value) if isinstance(excinfo.value, Wrong) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


def rows_of(config: Any) -> list[xml.Element]:
    """Runs the check. Raises the message of densessm where it could not be run."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / 'junit.xml'
        words = [*shlex.split(config.getoption('densessm_command')), 'check', '--backend', config.getoption('densessm')]
        words += [*shlex.split(config.getoption('densessm_options')), '--quiet', '--junit', str(report)]
        run = subprocess.run(words, capture_output=True, text=True)
        rows = list(xml.parse(report).iter('testcase')) if report.exists() else []
    if run.returncode not in (0, 1) or not rows:
        raise pytest.UsageError(f'densessm checked nothing: {run.stderr.strip() or run.stdout.strip()}')
    return rows


@pytest.hookimpl(tryfirst=True)  # before -k and -m select
def pytest_collection_modifyitems(session: Any, config: Any, items: list[Any]) -> None:
    # an empty command is one that was lost, which densessm refuses
    for found in rows_of(config) if config.getoption('densessm') is not None else ():
        name = f'{found.get("classname")}[{found.get("name", "").replace(" ", "-")}]'
        items.append(Row.from_parent(session, name=name, nodeid=f'densessm::{name}', found=found))
