"""The `telltale` command. Sub-commands import lazily."""
