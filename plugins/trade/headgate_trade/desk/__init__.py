"""What the staff's pages read beyond the use cases: figures, lists and histories, each one query."""
