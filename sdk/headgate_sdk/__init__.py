"""What an author of a Headgate plugin imports, and nothing else.

Read `hooks` for what a plugin may add, `manifest` for how it introduces itself, `context` for what
every use case is handed, and `web` for pages and endpoints.
"""
