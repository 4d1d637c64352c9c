"""The plugin host: finds plugins, knows what they registered, and what is switched on for whom."""
