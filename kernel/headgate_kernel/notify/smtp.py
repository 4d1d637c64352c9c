"""E-mail by SMTP (RFC 5321), over TLS unless the operator says otherwise.

A server that is gone or says 4xx is asked again later; one that says 5xx of a recipient or of what the mail
says has spoken for good. Where the line breaks after the text was sent and before the answer, nobody can know
whether it was taken: it is sent again under the same Message-ID, by which receivers know it for the same.
"""

import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import TYPE_CHECKING, Literal
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import aiosmtplib
from email_validator import EmailNotValidError, validate_email
from headgate_sdk.errors import AuthFailed, ConfigError, NotReady
from headgate_sdk.i18n import N_
from headgate_sdk.jobs import GiveUp

if TYPE_CHECKING:
    from headgate_kernel.notify.providers import Notice

SECONDS = 30.0
"""That each exchange with the server may take."""
PERMANENT = 500
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})

Tls = Literal["wrapped", "starttls", "none"]


class Smtp:
    """Sends mail through one server (implements `headgate_kernel.notify.providers.Provider`).

    Args:
        host: name of the server.
        port: of the server.
        tls: from the first byte, after STARTTLS, or not at all.
        sender: address that mail comes from.
        user: to sign in with; empty where the server asks for none.
        password: of the user.
        authorities: file with the certificates to trust, for a server with one of its own.
    """

    keeps_words = False

    def __init__(
        self, *, host: str, port: int, tls: Tls, sender: str, user: str = "", password: str = "",
        authorities: str | None = None,
    ) -> None:  # fmt: skip
        self._host, self._port, self._tls, self._sender = host, port, tls, sender
        self._user, self._password = user, password
        self._context = None if tls == "none" else ssl.create_default_context(cafile=authorities)

    @classmethod
    def from_url(cls, url: str, setting: str) -> "Smtp":
        """Read `smtps://user:password@host:465?from=…` or `smtp://host:587?from=…&starttls=required|off&ca=…`.

        Raises:
            ConfigError: names the setting and what is wrong with it; the password is not among the words.
        """
        parts = urlsplit(url)
        options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        tls = _tls(parts, options, setting)
        sender = options.pop("from", "")
        try:
            validate_email(sender, check_deliverability=False, test_environment=True)
            port = parts.port or (465 if tls == "wrapped" else 587)
        except (EmailNotValidError, ValueError):
            raise ConfigError(
                N_("{name} needs a host and the address that mail comes from: {example}"),
                field=setting, name=setting, example="smtps://user:password@mail.example.com?from=shop@example.com",
            ) from None  # fmt: skip
        authorities = options.pop("ca", None)
        if options:
            raise ConfigError(N_("{name} has an unknown option: {option}"), field=setting, name=setting,
                              option=next(iter(options)))  # fmt: skip
        try:
            return cls(
                host=parts.hostname or "localhost", port=port, tls=tls, sender=sender,
                user=unquote(parts.username or ""), password=unquote(parts.password or ""),
                authorities=authorities,
            )  # fmt: skip
        except OSError as error:
            raise ConfigError(
                N_("{name}: the certificates in {path} cannot be read: {reason}"),
                field=setting, name=setting, path=authorities, reason=error.strerror or str(error),
            ) from None  # fmt: skip

    async def send(self, notice: "Notice") -> None:
        """Hand a mail over."""
        client = aiosmtplib.SMTP(
            hostname=self._host, port=self._port, timeout=SECONDS, tls_context=self._context,
            use_tls=self._tls == "wrapped", start_tls=self._tls == "starttls",
            username=self._user or None, password=self._password or None,
            local_hostname=self._sender.rpartition("@")[2],
        )  # fmt: skip
        try:
            async with client:
                await client.send_message(
                    self.compose(notice), sender=self._sender, recipients=[notice.message.to]
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refused(error.recipients[0]) from None
        except (aiosmtplib.SMTPDataError, aiosmtplib.SMTPRecipientRefused) as error:
            raise _refused(error) from None
        except aiosmtplib.SMTPAuthenticationError as error:
            if error.code < PERMANENT:
                raise _not_ready(error) from None
            raise AuthFailed(
                N_("The mail server refuses our user or password: {answer}. Check HEADGATE_EMAIL."),
                answer=_answer(error),
            ) from None
        except aiosmtplib.SMTPSenderRefused as error:
            if error.code < PERMANENT:
                raise _not_ready(error) from None
            raise ConfigError(
                N_("The mail server does not let us send from {sender}: {answer}. Check HEADGATE_EMAIL."),
                field="HEADGATE_EMAIL", sender=self._sender, answer=_answer(error),
            ) from None  # fmt: skip
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _not_ready(error) from None

    def compose(self, notice: "Notice") -> EmailMessage:
        """Make the mail; headers are set by a policy that refuses line ends in them."""
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["From"] = Address(notice.sender, addr_spec=self._sender)
        mail["To"] = notice.message.to
        mail["Subject"] = notice.subject
        mail["Date"] = notice.at
        mail["Message-ID"] = f"<{notice.id}@{self._sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(notice.text)
        mail.add_alternative(notice.html, subtype="html")
        mail["Content-Language"] = notice.message.locale.replace("_", "-")
        return mail


def _tls(parts: SplitResult, options: dict[str, str], setting: str) -> Tls:
    if parts.scheme == "smtps":
        return "wrapped"
    wanted = options.pop("starttls", "required")
    if wanted not in {"required", "off"}:
        raise ConfigError(
            N_("{name}: starttls must be 'required' or 'off', not '{text}'."),
            field=setting, name=setting, text=wanted,
        )  # fmt: skip
    if wanted == "required":
        return "starttls"
    if parts.username and (parts.hostname or "localhost") not in _LOCAL:
        raise ConfigError(
            N_("{name}: a password may not travel without TLS. Leave starttls=off out."),
            field=setting, name=setting,
        )  # fmt: skip
    return "none"


def _refused(error: aiosmtplib.SMTPResponseException) -> Exception:
    if error.code < PERMANENT:
        return _not_ready(error)
    return GiveUp(N_("The mail server refuses this mail for good: {answer}"), answer=_answer(error))


def _not_ready(error: Exception) -> NotReady:
    return NotReady(N_("The mail server did not take this mail yet: {answer}"), answer=_answer(error))


def _answer(error: Exception) -> str:
    """Give what the server said, in one line of limited length."""
    words = " ".join(str(getattr(error, "message", "") or error).split())[:300]
    code = getattr(error, "code", None)
    return f"{code} {words}" if code else words or type(error).__name__
