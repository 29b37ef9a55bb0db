"""Stands in for `curl` where there is none: the few options that the documentation uses."""

from __future__ import annotations

import argparse
import sys
import urllib.error
import urllib.request


def main() -> None:
    """Send one request and print the answer's body, whatever its status."""
    parser = argparse.ArgumentParser(prog="curl")
    parser.add_argument("url")
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", "--data-binary", dest="body")
    asked = parser.parse_args()
    body = sys.stdin.buffer.read() if asked.body == "@-" else (asked.body or "").encode()
    headers = dict(header.split(": ", 1) for header in asked.headers)
    request = urllib.request.Request(
        asked.url, data=body or None, headers=headers, method=asked.method
    )
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    sys.stdout.buffer.write(answer.read())


if __name__ == "__main__":
    main()
