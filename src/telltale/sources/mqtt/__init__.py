"""Topics of an MQTT broker as a feed: plain values, JSON, Telegraf's JSON and Sparkplug B."""
