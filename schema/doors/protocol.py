"""uvicorn's WebSocket protocol on the sans-IO library, with what it leaves open closed."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class SocketProtocol(WebSocketsSansIOProtocol):
    """Give this to uvicorn as `ws`.

    Text that is not UTF-8 closes the socket with 1007 (RFC 6455, section 8.1) as in uvicorn, but that is the
    client's fault, and so no traceback in our log.
    """

    def send_receive_event_to_app(self) -> None:
        """Hands a whole message to the application."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.send_close(1007, "Text must be UTF-8.")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()
