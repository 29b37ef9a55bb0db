"""The HTTP and WebSocket face of telltale: one file per resource."""
