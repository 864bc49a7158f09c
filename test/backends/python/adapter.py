"""Lets the files here import the adapter and its examples where they lie."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'adapters' / 'python'))
