"""Models with their files, where they run, and what explains an event."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables, and a column of the events."""
    op.add_column("events", sa.Column("causes", sa.Text))
    op.create_table(
        "models",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("card", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("models_by_version", "models", ["machine", "name", "version"], unique=True)
    op.create_table(
        "model_files",
        sa.Column("model", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "deployments",
        sa.Column("machine", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("model", sa.Integer, nullable=False),
        sa.Column("since_ns", sa.BigInteger, nullable=False),
    )
