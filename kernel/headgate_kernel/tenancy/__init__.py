"""Tenants: the distributors of the platform, their addresses, and how they are set up."""
