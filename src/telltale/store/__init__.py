"""Where readings, events and machines are kept. `STORES` names every implementation."""

STORES: dict[str, str] = {
    "sqlite": "telltale.store.sqlite:SQLiteStore",
}
