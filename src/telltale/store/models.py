"""The shelf of models: versions with their files, and which runs where. In a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from telltale.errors import StoreError
from telltale.store.base import Deployment, KeptModel, NoModelError, Role

MODELS = "SELECT number, machine, name, version, origin, created_ns, card FROM models "


def save_model(
    connection: sqlite3.Connection, model: KeptModel, files: Mapping[str, bytes]
) -> KeptModel:
    """Keep a new version with its files; return it with its number and version."""
    (version,) = connection.execute(
        "SELECT COALESCE(MAX(version), 0) + 1 FROM models WHERE machine = ? AND name = ?",
        (model.machine, model.name),
    ).fetchone()
    number = connection.execute(
        "INSERT INTO models (machine, name, version, origin, created_ns, card) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (model.machine, model.name, version, model.origin, model.created_ns, model.card),
    ).lastrowid
    connection.executemany(
        "INSERT INTO model_files (model, name, data) VALUES (?, ?, ?)",
        [(number, name, data) for name, data in files.items()],
    )
    return _model((number, model.machine, model.name, version, *_rest(model)))


def models(connection: sqlite3.Connection, machine: str | None = None) -> list[KeptModel]:
    """Return all versions of all models, newest first; of one machine: its own and any's."""
    of_one = "" if machine is None else "WHERE machine IN ('', ?) "
    rows = connection.execute(
        f"{MODELS}{of_one}ORDER BY number DESC", () if machine is None else (machine,)
    )
    return [_model(row) for row in rows]


def model_files(connection: sqlite3.Connection, number: int) -> dict[str, bytes]:
    """Return a version's files by name. Raises NoModelError if there is none of this number."""
    rows = connection.execute("SELECT name, data FROM model_files WHERE model = ?", (number,))
    files = {name: bytes(data) for name, data in rows}
    if not files:
        raise NoModelError(f"There is no model {number}. Look at the list of models.")
    return files


def remove_model(connection: sqlite3.Connection, number: int) -> None:
    """Remove a version that runs nowhere. Raises StoreError."""
    row = connection.execute(
        "SELECT machine FROM deployments WHERE model = ? LIMIT 1", (number,)
    ).fetchone()
    if row is not None:
        raise StoreError(f"Model {number} runs on {row[0]}. Take it from there first.")
    if not connection.execute("DELETE FROM models WHERE number = ?", (number,)).rowcount:
        raise StoreError(f"There is no model {number}. Look at the list of models.")
    connection.execute("DELETE FROM model_files WHERE model = ?", (number,))


def deploy(connection: sqlite3.Connection, deployment: Deployment) -> None:
    """Let a version run in a role; what ran in it before makes room."""
    connection.execute(
        "INSERT OR REPLACE INTO deployments (machine, name, role, model, since_ns) "
        "VALUES (?, ?, ?, ?, ?)",
        (
            deployment.machine,
            deployment.name,
            deployment.role.value,
            deployment.model,
            deployment.since_ns,
        ),
    )


def withdraw(connection: sqlite3.Connection, machine: str, name: str, role: Role) -> None:
    """Let nothing run in a role."""
    connection.execute(
        "DELETE FROM deployments WHERE machine = ? AND name = ? AND role = ?",
        (machine, name, role.value),
    )


def deployments(connection: sqlite3.Connection, machine: str | None) -> list[Deployment]:
    """Return what runs where, of one machine or all."""
    rows = connection.execute(
        "SELECT machine, name, role, model, since_ns FROM deployments "
        "WHERE machine = COALESCE(?, machine) ORDER BY machine, name, role",
        (machine,),
    )
    return [Deployment(r[0], r[1], Role(r[2]), r[3], r[4]) for r in rows]


def forget_machine(connection: sqlite3.Connection, machine: str) -> None:
    """Remove a machine's deployments and the models that are its own."""
    connection.execute("DELETE FROM deployments WHERE machine = ?", (machine,))
    connection.execute(
        "DELETE FROM model_files WHERE model IN (SELECT number FROM models WHERE machine = ?)",
        (machine,),
    )
    connection.execute("DELETE FROM models WHERE machine = ?", (machine,))


def _rest(model: KeptModel) -> tuple[str, int, bytes]:
    return model.origin, model.created_ns, model.card


def _model(row: tuple[object, ...]) -> KeptModel:
    number, machine, name, version, origin, created_ns, card = row
    return KeptModel(machine, name, origin, created_ns, card, number, version)  # type: ignore[arg-type]  # columns are typed by the table
