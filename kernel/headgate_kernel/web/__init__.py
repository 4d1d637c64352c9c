"""The shell around plugins' pages: gate, layout, sign-in, settings pages, operator console."""
