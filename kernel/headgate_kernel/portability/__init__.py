"""Take a tenant's data out whole, put it back, and remove it: export, import, erase."""
