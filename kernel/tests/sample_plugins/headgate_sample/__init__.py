"""A plugin for the kernel's tests: notes with a page, endpoints, a step, a place for others, and ways to fail."""
