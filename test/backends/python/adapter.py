"""Adds the folder of the adapter and its examples to the import path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'adapters' / 'python'))
