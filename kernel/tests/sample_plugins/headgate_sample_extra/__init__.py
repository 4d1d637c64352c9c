"""A plugin for the kernel's tests that builds on the sample plugin: a step in its flow, a box in its page."""
