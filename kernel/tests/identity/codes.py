"""What an authenticator app shows."""

import pyotp
from headgate_sdk.clock import ManualClock


def code_of(secret: str, clock: ManualClock, steps: int = 0) -> str:
    """Give the code of the present half minute, or one before or after it."""
    return pyotp.TOTP(secret.replace(" ", "")).generate_otp(int(clock.moment.timestamp()) // 30 + steps)
