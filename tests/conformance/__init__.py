"""Every plugin, alone and beside the others: on is on, off is off, and nothing is lost in between."""
