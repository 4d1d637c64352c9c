"""People, their passwords and sessions, and what they may do in each tenant."""
