"""An identity provider on a real port that keeps to the protocol, but for the faults that a test gives it.

It checks what a real one checks: the client's secret, the redirect address, PKCE, that a code counts once.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

CLIENT, SECRET = "headgate", "s3cret-of-the-client"


class FaultyProvider:
    """A provider.

    Attributes:
        user: claims of whoever signs in there.
        faults: what it does wrong, by name; see where they are asked for.
        asked: paths that were asked for, oldest first.
    """

    def __init__(self) -> None:
        self.user = {"sub": "u-1", "email": "", "email_verified": True, "name": "Wu Fang"}
        self.faults: dict[str, object] = {}
        self.asked: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.rotate()

    def rotate(self) -> None:
        """Sign with another key from now on; the old one is published no more."""
        self.key = RSAKey.generate_key(2048, {"use": "sig", "kid": secrets.token_hex(4)})

    def authorize(self, url: str) -> dict[str, str]:
        """Do what a browser and its person do there; give what comes back to the redirect address."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert url.startswith(f"{self.issuer}/authorize?")
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return {"state": asked["state"], "code": code, "iss": str(self.faults.get("iss", self.issuer))}

    def answer(self, method: str, path: str, form: dict[str, str], headers) -> tuple[int, bytes]:
        self.asked.append(path)
        if path == self.faults.get("slow"):
            time.sleep(3)
        if path == self.faults.get("huge"):
            return 200, b'{"issuer": "' + b"x" * 400_000 + b'"}'
        if path in self.faults:
            return self.faults[path]
        match path:
            case "/.well-known/openid-configuration":
                return 200, json.dumps(self.metadata()).encode()
            case "/jwks":
                return 200, json.dumps({"keys": [self.key.as_dict(private=False)]}).encode()
            case "/token" if method == "POST":
                return self.token(form, headers)
            case "/userinfo":
                told = {"sub": self.user["sub"]} | self.user | self.faults.get("userinfo", {})
                return 200, json.dumps(told).encode()
        return 404, b"{}"

    def metadata(self) -> dict:
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["none", "HS256", "RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        } | self.faults.get("metadata", {})
        return {name: value for name, value in told.items() if value is not None}

    def token(self, form: dict[str, str], headers) -> tuple[int, bytes]:
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        by_form = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        if headers.get("authorization") != f"Basic {basic}" and not by_form:
            return 401, b'{"error": "invalid_client"}'
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, b'{"error": "invalid_grant"}'
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, b'{"error": "invalid_grant"}'
        answer = {"access_token": "at", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}
        return 200, json.dumps(answer | self.faults.get("token", {})).encode()

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce,
                  "auth_time": now} | self.user  # fmt: skip
        claims |= self.faults.get("claims", {})
        claims = {name: value for name, value in claims.items() if value is not None}
        alg = self.faults.get("alg", "RS256")
        header = {"alg": alg, "kid": self.faults.get("kid", self.key.kid)}
        if alg == "none":
            return f"{part(header)}.{part(claims)}."
        if alg == "HS256":  # signed with what everybody can read: the public key
            signed = hmac.digest(
                self.key.as_pem(private=False), f"{part(header)}.{part(claims)}".encode(), "sha256"
            )
            return f"{part(header)}.{part(claims)}.{base64.urlsafe_b64encode(signed).rstrip(b'=').decode()}"
        return jwt.encode(header, claims, self.key, registry=JWSRegistry(algorithms=[alg]))


def part(told: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()


@contextmanager
def running_provider():
    """Serve a provider until the block ends."""
    provider = FaultyProvider()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            form = {key: values[0] for key, values in parse_qs(self.rfile.read(length).decode()).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, body = provider.answer(self.command, urlsplit(self.path).path, form, headers)
            self.send_response(status)
            if isinstance(body, str):  # an address to go to
                self.send_header("location", body)
                body = b""
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:  # who asked has gone
                self.close_connection = True

        do_GET = do_POST = _serve  # noqa: N815 (names of the base class)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
