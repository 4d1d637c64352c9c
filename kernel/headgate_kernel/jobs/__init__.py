"""Jobs: a table of our own, in the change's transaction; fair to each tenant, leased, fenced, retried."""
