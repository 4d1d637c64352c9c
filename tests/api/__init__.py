"""The JSON API against its own description, asked with what fits it and with what does not."""
