"""Sinks: where readings and events go out, one file each."""

from __future__ import annotations

SINKS = {
    "mqtt_publish": "telltale.sinks.mqtt:MqttSink [mqtt]",
}
