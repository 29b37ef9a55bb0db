"""What a source asks of the server: which nodes there are, what they hold, what changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from telltale.batch import NS_PER_S
from telltale.errors import SourceUnavailableError
from telltale.registry import nearest
from telltale.sources.opc_ua.browse import PER_REQUEST, in_chunks, walk
from telltale.sources.opc_ua.connect import Connection
from telltale.sources.opc_ua.nodes import (
    MAX_NODES,
    Wanted,
    channel_of,
    matches,
    may_lead_to,
)
from telltale.sources.opc_ua.values import ns_of, status_of

CURRENT_TIME = ua.NodeId.from_string("i=2258")
ENUM_PROPERTIES = ("EnumStrings", "EnumValues")
MAX_ENUMS = 200
KEEP_ALIVES = 3  # in the time after which silence is a loss
Published = Callable[[ua.PublishResult], None]


def parsed(node_id: str, namespaces: Sequence[str]) -> ua.NodeId:
    """Return a node id for this connection; a namespace told by its URI is looked up.

    Raises:
        SourceUnavailableError: The server has no such namespace.
    """
    text, uri = node_id, ""
    if node_id.startswith("nsu="):
        uri, _, text = node_id.removeprefix("nsu=").partition(";")
        if uri not in namespaces:
            near = nearest(uri, namespaces)
            raise SourceUnavailableError(
                f"{node_id}: the server has no namespace {uri!r}. {near}".rstrip()
            )
        text = f"ns={namespaces.index(uri)};{text}"
    return ua.NodeId.from_string(text)


async def namespaces_of(connection: Connection) -> list[str]:
    """Return the server's namespaces; a node id's ns counts in them."""
    return list(await connection.ask(connection.client.get_namespace_array()))


async def found_nodes(
    connection: Connection,
    nodes: Mapping[str, str],
    patterns: Sequence[Sequence[str]],
) -> dict[ua.NodeId, Wanted]:
    """Return the nodes that are wanted, with their units and names.

    Raises:
        SourceUnavailableError: The connection broke, or no node fits.
    """
    namespaces = await namespaces_of(connection)
    found: dict[ua.NodeId, Wanted] = {}
    for channel, node_id in nodes.items():
        found[parsed(node_id, namespaces)] = Wanted(channel, node_id)
    if patterns:
        await _add_by_path(connection, patterns, found)
    if not found:
        tried = ", ".join("/".join(pattern) for pattern in patterns)
        raise SourceUnavailableError(
            f"{connection.url}: no variable lies at {tried}. "
            "`telltale opcua browse` shows what is there."
        )
    return await _described(connection, found)


async def _add_by_path(
    connection: Connection, patterns: Sequence[Sequence[str]], found: dict[ua.NodeId, Wanted]
) -> None:
    channels = {wanted.channel for wanted in found.values()}

    def goes_below(path: tuple[str, ...]) -> bool:
        return any(may_lead_to(path, pattern) for pattern in patterns)

    async for one in walk(connection, goes_below=goes_below):
        pattern = next((p for p in patterns if one.is_variable and matches(one.path, p)), None)
        node = ua.NodeId.from_string(one.node_id)
        if pattern is None or node in found:
            continue
        channel = channel_of(one.path, pattern)
        if channel in channels:
            channel = ".".join(one.path)
        if len(found) >= MAX_NODES:
            raise SourceUnavailableError(
                f"{connection.url}: more than {MAX_NODES:,} variables fit. Give narrower paths."
            )
        channels.add(channel)
        found[node] = Wanted(channel, one.node_id)


async def _described(
    connection: Connection, found: dict[ua.NodeId, Wanted]
) -> dict[ua.NodeId, Wanted]:
    """Return the nodes with their units and the names of their numbers, as far as told."""
    nodes = list(found)
    units = await _properties(connection, nodes, "EngineeringUnits")
    kinds = await _data_types(connection, nodes)
    own = list(dict.fromkeys(kind for kind in kinds.values() if _may_be_enum(kind)))[:MAX_ENUMS]
    names: dict[ua.NodeId, dict[str, float]] = {}
    for name in ENUM_PROPERTIES:
        for kind, value in (await _properties(connection, own, name)).items():
            names.setdefault(kind, _names(value))
    return {
        node: replace(wanted, unit=_unit(units.get(node)), names=_of_kind(names, kinds.get(node)))
        for node, wanted in found.items()
    }


def _of_kind(
    names: Mapping[ua.NodeId, Mapping[str, float]], kind: ua.NodeId | None
) -> Mapping[str, float]:
    return names.get(kind, {}) if kind is not None else {}


def _may_be_enum(kind: ua.NodeId) -> bool:
    is_plain = kind.NamespaceIndex == 0 and isinstance(kind.Identifier, int)
    return not (is_plain and int(kind.Identifier) <= 25)  # the built-in types, OPC 10000-6, 5.1.2


def _unit(information: Any) -> str:  # Any: what the property holds
    text = getattr(getattr(information, "DisplayName", None), "Text", None)
    return str(text)[:32] if text else ""


def _names(held: Any) -> dict[str, float]:  # Any: LocalizedText or EnumValueType, a list of them
    found: dict[str, float] = {}
    for i, item in enumerate(held if isinstance(held, list) else ()):
        text = getattr(getattr(item, "DisplayName", item), "Text", None)
        if text:
            found[str(text)] = float(getattr(item, "Value", i))
    return found


async def _data_types(
    connection: Connection, nodes: Sequence[ua.NodeId]
) -> dict[ua.NodeId, ua.NodeId]:
    values = await read(connection, nodes, AttributeIds.DataType)
    held = {n: v.Value.Value for n, v in zip(nodes, values, strict=True) if v.Value is not None}
    return {node: kind for node, kind in held.items() if isinstance(kind, ua.NodeId)}


async def _properties(
    connection: Connection, nodes: Sequence[ua.NodeId], name: str
) -> dict[ua.NodeId, Any]:
    """Return the value of one property, of the nodes that have it."""
    session = connection.client.uaclient.session
    there: dict[ua.NodeId, ua.NodeId] = {}
    for chunk in in_chunks(nodes, PER_REQUEST):
        paths = [_property_path(node, name) for node in chunk]
        results = await connection.ask(session.translate_browsepaths_to_nodeids(paths))
        for node, result in zip(chunk, results, strict=True):
            if result.StatusCode.is_good() and result.Targets:
                target = result.Targets[0].TargetId
                there[node] = ua.NodeId(target.Identifier, target.NamespaceIndex, target.NodeIdType)
    values = await read(connection, list(there.values()))
    held = zip(there, values, strict=True)
    return {n: v.Value.Value for n, v in held if status_of(v).is_good() and v.Value is not None}


def _property_path(node: ua.NodeId, name: str) -> ua.BrowsePath:
    path = ua.BrowsePath()
    path.StartingNode = node
    path.RelativePath = ua.RelativePath.from_string(f".{name}")  # aggregates, namespace 0
    return path


async def clock_ahead_s(connection: Connection, now_ns: Callable[[], int]) -> float | None:
    """Return how far the server's clock is ahead of ours; None if it does not tell its time."""
    (value,) = await read(connection, [CURRENT_TIME])
    moment = value.Value.Value if value.Value is not None else None
    if not isinstance(moment, datetime):
        return None
    return round(((ns_of(moment) or 0) - now_ns()) / NS_PER_S, 3)


async def read(
    connection: Connection,
    nodes: Sequence[ua.NodeId],
    attribute: AttributeIds = AttributeIds.Value,
) -> list[ua.DataValue]:
    """Return one attribute of each node, in order, with both its times.

    Raises:
        SourceUnavailableError: The connection broke.
    """
    session = connection.client.uaclient.session
    values: list[ua.DataValue] = []
    for chunk in in_chunks(nodes, PER_REQUEST):
        parameters = ua.ReadParameters()
        parameters.TimestampsToReturn = ua.TimestampsToReturn.Both
        for node in chunk:
            one = ua.ReadValueId()
            one.NodeId = node
            one.AttributeId = attribute
            parameters.NodesToRead.append(one)
        values += await connection.ask(session.read(parameters))
    if len(values) != len(nodes):
        raise SourceUnavailableError(
            f"{connection.url}: {len(values)} values came where {len(nodes)} were asked. "
            "It is tried again."
        )
    return values


async def subscribe(
    connection: Connection,
    nodes: Sequence[ua.NodeId],
    on_published: Published,
    *,
    interval_s: float,
    silent_s: float,
    queue: int,
) -> tuple[float, dict[int, str]]:
    """Have the server tell each change; the n-th node's handle is n.

    Args:
        connection: Open.
        nodes: Which.
        on_published: Gets each message, those that only say that the server lives as well.
        interval_s: How often the server may send; it samples as often.
        silent_s: It says at least three times in so long that it lives.
        queue: Values that the server keeps of each node between two messages.

    Returns:
        The interval that the server chose, and by handle why a node cannot be watched.

    Raises:
        SourceUnavailableError: The connection broke, or the server takes no subscription.
    """
    session = connection.client.uaclient.session
    parameters = ua.CreateSubscriptionParameters()
    parameters.RequestedPublishingInterval = interval_s * 1_000
    keep_alive = max(1, int(silent_s / KEEP_ALIVES / interval_s))
    parameters.RequestedMaxKeepAliveCount = keep_alive
    parameters.RequestedLifetimeCount = max(3 * keep_alive, int(60 / interval_s), 10)
    parameters.MaxNotificationsPerPublish = 10_000
    parameters.PublishingEnabled = True
    made = await connection.ask(session.create_subscription(parameters, on_published))
    refused: dict[int, str] = {}
    for start in range(0, len(nodes), PER_REQUEST):
        items = ua.CreateMonitoredItemsParameters()
        items.SubscriptionId = made.SubscriptionId
        items.TimestampsToReturn = ua.TimestampsToReturn.Both
        items.ItemsToCreate = [
            _item(node, handle, interval_s, queue)
            for handle, node in enumerate(nodes[start : start + PER_REQUEST], start)
        ]
        results = await connection.ask(session.create_monitored_items(items))
        for handle, result in enumerate(results, start):
            if result.StatusCode.is_bad():
                refused[handle] = result.StatusCode.name
    return made.RevisedPublishingInterval / 1_000, refused


def _item(
    node: ua.NodeId, handle: int, interval_s: float, queue: int
) -> ua.MonitoredItemCreateRequest:
    item = ua.MonitoredItemCreateRequest()
    item.ItemToMonitor.NodeId = node
    item.ItemToMonitor.AttributeId = AttributeIds.Value
    item.MonitoringMode = ua.MonitoringMode.Reporting
    wish = item.RequestedParameters
    wish.ClientHandle = handle
    wish.SamplingInterval = interval_s * 1_000
    wish.QueueSize = queue
    wish.DiscardOldest = True
    return item
