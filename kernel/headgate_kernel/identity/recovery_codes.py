"""Recovery codes: ten of them, for who has lost the second factor; each counts once."""

import secrets
from typing import TYPE_CHECKING
from uuid import UUID

from headgate_kernel.identity.passwords import hash_codes

if TYPE_CHECKING:
    from datetime import datetime

    from headgate_sdk.database import Database

HOW_MANY = 10
LENGTH = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
_SALT_BYTES = 16


def new_codes() -> list[str]:
    """Make codes as they are shown: `abcde-fghjk`, 49 random bits each."""
    half = LENGTH // 2
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(LENGTH)) for _ in range(HOW_MANY)]
    return [f"{code[:half]}-{code[half:]}" for code in codes]


def folded_code(text: str) -> str:
    """Bring a code as typed into the form that is hashed."""
    return "".join(text.split()).replace("-", "").lower()


async def hash_new_codes(codes: list[str]) -> tuple[bytes, list[bytes]]:
    """Hash codes, slowly, with no connection held; gives the salt and the hashes."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return salt, await hash_codes([folded_code(code) for code in codes], salt)


async def save_codes(db: "Database", person_id: UUID, salt: bytes, hashes: list[bytes]) -> None:
    """Keep codes in the place of those before."""
    await db.execute("DELETE FROM recovery_code WHERE person_id = $1", person_id)
    await db.execute_many(
        "INSERT INTO recovery_code (person_id, hash, salt) VALUES ($1, $2, $3)",
        [(person_id, hashed, salt) for hashed in hashes],
    )


async def salt_of(db: "Database", person_id: UUID) -> bytes:
    """Give the salt of a person's codes; a made-up one where they have none."""
    found: bytes | None = await db.fetch_value(
        "SELECT salt FROM recovery_code WHERE person_id = $1 LIMIT 1", person_id
    )
    return found or bytes(_SALT_BYTES)


async def use_code(db: "Database", person_id: UUID, hashed: bytes, now: "datetime") -> bool:
    """Count a code as used; tells whether it was one that was not used yet."""
    used = await db.fetch_value(
        """
        UPDATE recovery_code SET used_at = $3 WHERE person_id = $1 AND hash = $2 AND used_at IS NULL
        RETURNING person_id
        """,
        person_id, hashed, now,
    )  # fmt: skip
    return used is not None


async def codes_left(db: "Database", person_id: UUID) -> int:
    """Give how many codes are not used yet."""
    left: int = await db.fetch_value(
        "SELECT count(*) FROM recovery_code WHERE person_id = $1 AND used_at IS NULL", person_id
    )
    return left
