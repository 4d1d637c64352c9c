"""A plugin for the kernel's tests that nobody needs and that needs nobody."""
