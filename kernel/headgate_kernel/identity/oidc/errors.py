"""What can go wrong between us and an identity provider, each told once."""

from headgate_sdk.errors import HeadgateError


class ProviderFailed(HeadgateError):
    """The provider cannot be reached, or says something that cannot be right: for its administrator."""

    code = "identity_provider_failed"
    status = 502


class SsoRefused(HeadgateError):
    """A sign-in through the provider does not count, or leads to nobody here: for the person."""

    code = "sso_refused"
    status = 403
