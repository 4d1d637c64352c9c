"""Signing in through a real identity provider, which runs in a process of its own."""
