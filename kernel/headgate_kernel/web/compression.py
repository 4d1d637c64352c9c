"""Litestar's compression, told apart from a header's bytes: its own way costs a sixth of a small request."""

from litestar.enums import CompressionEncoding
from litestar.middleware.compression import CompressionMiddleware
from litestar.types import Receive, Scope, Send


class GzipMiddleware(CompressionMiddleware):
    """Compresses answers for those who take gzip."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wrap `send` where the request says that gzip is understood, unless the answer is packed already."""
        if scope["route_handler"].opt.get("packed"):
            await self.app(scope, receive, send)
            return
        if any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"]):
            send = self.create_compression_send_wrapper(
                send=send, compression_encoding=CompressionEncoding.GZIP, scope=scope
            )
        await self.app(scope, receive, send)
