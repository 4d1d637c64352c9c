"""Jobs: a table of our own, in the transaction of the change; fair to each tenant, leased, fenced, retried."""
