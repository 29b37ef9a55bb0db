"""The form in which a client would like samples, from its `Accept` header."""

from __future__ import annotations

from telltale.api.problems import ApiError
from telltale.formats.write import MEDIA_TYPES, Form

MAX_WISHES = 20  # of one header


def accepted_form(accept: str) -> Form:
    """Return the form that an Accept header likes best. Raises ApiError 406."""
    wishes = [_wish(part) for part in accept.split(",")[:MAX_WISHES]]
    for quality, media_type in sorted(wishes, key=lambda wish: -wish[0]):
        form = _form_of(media_type)
        if quality > 0 and form is not None:
            return form
    raise ApiError(
        406,
        f"None of {accept!r} can be given. Ask for one of {', '.join(MEDIA_TYPES.values())}.",
        allowed=list(MEDIA_TYPES.values()),
    )


def _wish(part: str) -> tuple[float, str]:
    """Return the quality and the media type of one entry, RFC 9110, 12.5.1."""
    name, _, quality = part.partition(";q=")
    media_type = name.partition(";")[0].strip().lower()
    try:
        return float(quality or 1.0), media_type
    except ValueError:
        return 0.0, media_type


def _form_of(media_type: str) -> Form | None:
    if media_type in {"", "*/*", "application/*"}:
        return Form.JSON
    if media_type == "text/*":
        return Form.CSV
    return next((form for form, known in MEDIA_TYPES.items() if known == media_type), None)
