"""Which persons have a second factor, and which ways of signing in are one by themselves."""

STRONG_METHODS = frozenset({"passkey", "oidc"})
"""Ask for nothing more: a passkey is two factors, and a sign-in elsewhere is for that place to judge."""

HAS_TOTP = "EXISTS (SELECT FROM person_totp t WHERE t.person_id = p.id AND t.confirmed_at IS NOT NULL)"
"""Of a person `p`: codes of an authenticator are set up. Then each sign-in with a password asks for one."""

HAS_SECOND_FACTOR = f"({HAS_TOTP})"
"""Of a person `p`: something is set up that serves as second factor where one is required."""
