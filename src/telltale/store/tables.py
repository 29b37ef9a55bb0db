"""The small tables, declared once with SQLAlchemy Core. Samples have their own: `samples.py`.

Only the creation and the migration of a database import this; daily work runs on the raw
connection, so that samples, events and states share one transaction and start-up stays quick.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

machines = Table(
    "machines",
    metadata,
    Column("number", Integer, primary_key=True),  # stands for the id in every samples table
    Column("id", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("place", Text, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
)

stretches = Table(
    "stretches",  # what is kept per machine and profile, counted as it comes in
    metadata,
    Column("machine", Integer, primary_key=True, autoincrement=False),
    Column("profile", Text, primary_key=True),
    Column("rows", BigInteger, nullable=False),
    Column("first_ns", BigInteger, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("machine", Integer, nullable=False),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Index("sessions_by_end", "machine", "end_ns"),
)

events = Table(
    "events",
    metadata,
    Column("key", Text, primary_key=True),
    Column("machine", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger),
    Column("value", Float),
    Column("limit", Float),
    Column("message", Text, nullable=False),
    Column("advice", Text),
    Column("causes", Text),  # as JSON
    Index("events_by_start", "start_ns"),
    Index("events_by_machine", "machine", "start_ns"),
)

states = Table(
    "states",
    metadata,
    Column("machine", Integer, primary_key=True, autoincrement=False),
    Column("state", LargeBinary, nullable=False),
)

arrivals = Table(
    "arrivals",  # samples by the hour in which they arrived: growth and forecast
    metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("rows", BigInteger, nullable=False),
)

chunks = Table(
    "chunks",  # sealed stretches of one machine's samples, each in a Parquet file
    metadata,
    Column("id", Integer, primary_key=True),
    Column("machine", Integer, nullable=False),
    Column("profile", Text, nullable=False),
    Column("first_ns", BigInteger, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("file", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),  # "writing", "sealed" or "dropped"
    Index("chunks_by_time", "machine", "profile", "first_ns"),
)

removals = Table(
    "removals",  # samples that are to go, noted before they do
    metadata,
    Column("id", Integer, primary_key=True),
    Column("machine", Integer, nullable=False),
    Column("profile", Text, nullable=False),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger, nullable=False),
)

models = Table(
    "models",  # versions of models, each with its card
    metadata,
    Column("number", Integer, primary_key=True),
    Column("machine", Text, nullable=False),  # whose own it is; "" for any
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("card", LargeBinary, nullable=False),
    Index("models_by_version", "machine", "name", "version", unique=True),
    sqlite_autoincrement=True,  # a number is never given again
)

model_files = Table(
    "model_files",
    metadata,
    Column("model", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

deployments = Table(
    "deployments",  # which model runs on which machine, and in which role
    metadata,
    Column("machine", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("model", Integer, nullable=False),
    Column("since_ns", BigInteger, nullable=False),
)

labels = Table(
    "labels",  # what people know about stretches of a machine's time
    metadata,
    Column("id", Integer, primary_key=True),
    Column("machine", Text, nullable=False),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),  # "normal", "fault" or "failure"
    Column("fault", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("teaches", Boolean, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Index("labels_by_machine", "machine", "start_ns"),
    sqlite_autoincrement=True,  # an id is never given again
)

waveforms = Table(
    "waveforms",  # what was found in the newest of each measuring point; never their samples
    metadata,
    Column("id", Integer, primary_key=True),
    Column("machine", Text, nullable=False),
    Column("point", Text, nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("finding", LargeBinary, nullable=False),  # as JSON
    Column("detail", LargeBinary, nullable=False),  # spectrum and band levels
    Index("waveforms_by_point", "machine", "point", "time_ns"),
    sqlite_autoincrement=True,  # an id is never given again
)

rollups = Table(
    "rollups",  # one-minute summaries of a chunk's columns, so that a year charts at once
    metadata,
    Column("chunk", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
