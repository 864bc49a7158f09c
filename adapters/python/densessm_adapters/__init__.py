"""Adapters that run kernels of installed packages for densessm: names, layouts and domains, no code of the packages.

npx densessm check --backend "python3 -m densessm_adapters.fla"
"""
