"""Prints the description of an adapter of packages that are not here: python3 described.py MODULE OPTIONS…

Any module of the packages, and anything in it, is a mock.
"""

import runpy
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from unittest.mock import MagicMock

PACKAGES = ('causal_conv1d', 'fla', 'jax', 'mamba_ssm', 'torch', 'transformers', 'triton')


class Mock(MagicMock):
    __version__ = '0'
    __path__ = []


class Finder(MetaPathFinder, Loader):
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self, is_package=True) if name.split('.')[0] in PACKAGES else None

    def create_module(self, spec):
        return Mock()

    def exec_module(self, module):
        if module.__name__ == 'triton.runtime.autotuner':
            module.Autotuner = type('Autotuner', (), {})


sys.meta_path.insert(0, Finder())
sys.path.insert(0, str(Path(__file__).parents[2] / 'adapters/python'))
sys.argv = sys.argv[1:]
runpy.run_module(f'densessm_adapters.{sys.argv[0]}', run_name='__main__')
