"""What a plugin's tests need: a real server, a migrated database, tenants."""
