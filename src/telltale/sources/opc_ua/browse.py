"""Walks a server's address space: level by level, bounded, many nodes per request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from asyncua import ua

from telltale.sources.opc_ua.connect import Connection

Item = TypeVar("Item")

OBJECTS = "i=85"
SERVER = "i=2253"  # what the server tells of itself: thousands of nodes, none of a machine
HIERARCHICAL = ua.NodeId.from_string("i=33")
HAS_PROPERTY = ua.NodeId.from_string("i=46")  # describes its node, such as its unit
PER_REQUEST = 100
MAX_DEPTH = 20
MAX_BROWSED = 50_000


@dataclass(frozen=True, slots=True)
class Browsed:
    """One node on the way down.

    Attributes:
        path: Browse names from the start, without it and without namespaces.
        node_id: As settings write it.
        is_variable: It has a value.
    """

    path: tuple[str, ...]
    node_id: str
    is_variable: bool


def in_chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield the items, at most `size` at a time: servers limit what a request may hold."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


async def walk(
    connection: Connection,
    start: str = OBJECTS,
    *,
    goes_below: Callable[[tuple[str, ...]], bool] = lambda _: True,
    max_depth: int = MAX_DEPTH,
    max_nodes: int = MAX_BROWSED,
) -> AsyncIterator[Browsed]:
    """Yield what is below a node, level by level, each node once.

    Args:
        connection: Open.
        start: A node id.
        goes_below: Tells by the path whether the children of a node are wanted.
        max_depth: So many levels.
        max_nodes: Then it ends.

    Raises:
        SourceUnavailableError: The connection broke, or there is no such node.
    """
    first = ua.NodeId.from_string(start)
    seen = {first, ua.NodeId.from_string(SERVER)} if start == OBJECTS else {first}
    level: list[tuple[tuple[str, ...], ua.NodeId]] = [((), first)]
    given = 0
    for _ in range(max_depth):
        below: list[tuple[tuple[str, ...], ua.NodeId]] = []
        for chunk in in_chunks(level, PER_REQUEST):
            children = await _children(connection, [node for _, node in chunk])
            for (path, _), references in zip(chunk, children, strict=True):
                for reference in references:
                    node = _local(reference.NodeId)
                    is_property = reference.ReferenceTypeId == HAS_PROPERTY
                    if node is None or node in seen or is_property:
                        continue
                    seen.add(node)
                    at = (*path, str(reference.BrowseName.Name))
                    is_variable = reference.NodeClass == ua.NodeClass.Variable
                    yield Browsed(at, node.to_string(), is_variable)
                    given += 1
                    if given == max_nodes:
                        return
                    if goes_below(at):
                        below.append((at, node))
        if not below:
            return
        level = below


def _local(node: ua.ExpandedNodeId | ua.NodeId) -> ua.NodeId | None:
    """Return a node of this server; None for one of another."""
    if getattr(node, "ServerIndex", 0):
        return None
    return ua.NodeId(node.Identifier, node.NamespaceIndex, node.NodeIdType)


async def _children(
    connection: Connection, nodes: Sequence[ua.NodeId]
) -> list[list[ua.ReferenceDescription]]:
    """Return the references of each node, in order; what has none, or may not be seen, none."""
    parameters = ua.BrowseParameters()
    parameters.RequestedMaxReferencesPerNode = 0
    for node in nodes:
        one = ua.BrowseDescription()
        one.NodeId = node
        one.ReferenceTypeId = HIERARCHICAL
        one.NodeClassMask = ua.NodeClass.Object | ua.NodeClass.Variable
        one.ResultMask = ua.BrowseResultMask.All
        parameters.NodesToBrowse.append(one)
    session = connection.client.uaclient.session
    results = await connection.ask(session.browse(parameters))
    if len(nodes) == 1 and results[0].StatusCode.is_bad():
        raise connection.refused(results[0].StatusCode)
    return [
        [*result.References, *await _rest(connection, result.ContinuationPoint)]
        for result in results
    ]


async def _rest(connection: Connection, point: bytes | None) -> list[ua.ReferenceDescription]:
    """Return what did not fit into one answer."""
    found: list[ua.ReferenceDescription] = []
    session = connection.client.uaclient.session
    while point and len(found) < MAX_BROWSED:
        parameters = ua.BrowseNextParameters()
        parameters.ContinuationPoints = [point]
        (result,) = await connection.ask(session.browse_next(parameters))
        found += result.References
        point = result.ContinuationPoint
    return found
