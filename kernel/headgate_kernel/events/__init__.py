"""Events: checked when plugins declare them, written as jobs of those who want to know."""
