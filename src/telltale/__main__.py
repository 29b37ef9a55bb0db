"""`python -m telltale` is `telltale`."""

from telltale.cli.main import main

main()
