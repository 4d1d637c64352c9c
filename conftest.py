"""Fixtures of the SDK's test kit for all tests of the repository."""

pytest_plugins = ["headgate_sdk.testing.plugin"]
