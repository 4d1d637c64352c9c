"""The edges of trade: pages of the workbench and the JSON API. They parse, call one use case, and render."""
