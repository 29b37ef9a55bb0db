"""Readings in over a WebSocket: every message is a body, every body is answered."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from telltale.api.context import Context, context_of
from telltale.api.problems import status_of
from telltale.api.telemetry_in import take_body
from telltale.errors import TelltaleError, TooLargeError

CLOSE_TOO_BIG = 1009


class PushError(msgspec.Struct, frozen=True):
    """The answer to a message of which nothing was kept."""

    n: int
    status: int
    detail: str


async def push_socket(websocket: WebSocket) -> None:
    """Serve one feed of `WS /machines/{machine}/push` until it leaves.

    One message is answered before the next is read: that is the back-pressure.
    """
    context = context_of(websocket)
    await websocket.accept()
    n_messages = 0
    try:
        while (message := await websocket.receive())["type"] == "websocket.receive":
            n_messages += 1
            body = _body(message)
            answer = await _answer(context, websocket, body, n_messages)
            await websocket.send_text(msgspec.json.encode(answer).decode())
            if len(body) > context.settings.max_message_bytes:
                await websocket.close(CLOSE_TOO_BIG, "message too big")
                return
    except (WebSocketDisconnect, OSError):
        return  # what was answered is kept; what was not, the feed sends again


def _body(message: Message) -> bytes:
    text, packed = message.get("text"), message.get("bytes")
    return text.encode() if text is not None else packed or b""


async def _answer(
    context: Context, websocket: WebSocket, body: bytes, n: int
) -> dict[str, Any] | PushError:
    try:
        if len(body) > context.settings.max_message_bytes:
            raise TooLargeError(
                f"The message has {len(body):,} bytes, more than "
                f"{context.settings.max_message_bytes:,}. Send smaller ones."
            )
        receipt = await take_body(
            context,
            body,
            content_type=websocket.query_params.get("content_type", ""),
            machine=websocket.path_params["machine"],
            profile=websocket.query_params.get("profile"),
            source="websocket push",
        )
    except TelltaleError as error:
        context.meters.refused.labels(status=str(status_of(error))).inc()
        return PushError(n, status_of(error), str(error))
    return {"n": n, **msgspec.structs.asdict(receipt)}
