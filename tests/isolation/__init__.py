"""Nobody reaches what is not theirs: other distributors' data, other customers' orders, other roles' work."""
