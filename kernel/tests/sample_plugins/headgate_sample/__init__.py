"""A plugin for the kernel's tests: notes with a page, endpoints, steps, a place for others, ways to fail."""
