"""Frames and parsers: what is written by hand is the library's, and a lent parser never mixes two sockets."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ProtocolError
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, SERVER
from websockets.protocol import Protocol as Library

from schema.doors import DoorLimits
from schema.doors.deadlines import Deadlines
from schema.doors.messages import PING, text_frame
from schema.doors.parsers import Parsers, whole_text
from tests.doors.conftest import Serve, Served

EXAMPLES = int(os.environ.get("LOCKSTEP_TEST_EXAMPLES", "0"))
SIZES = (0, 1, 125, 126, 65_535, 65_536, 100_000)


@pytest.mark.parametrize("size", SIZES)
def test_frames_are_those_of_the_library(size: int) -> None:
    assert text_frame(b"x" * size) == Frame(Opcode.TEXT, b"x" * size).serialize(mask=False)


def test_a_ping_is_a_message_and_a_control_frame() -> None:
    assert text_frame(b'{"type":"ping"}') + Frame(Opcode.PING, b"").serialize(mask=False) == PING


MESSAGES = st.lists(st.lists(st.binary(max_size=200), min_size=1, max_size=3), max_size=4)


@given(
    st.lists(MESSAGES, min_size=2, max_size=3),
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 90)), max_size=60),
)
@settings(max_examples=max(40, EXAMPLES), deadline=None)
def test_a_lent_parser_mixes_no_two_sockets(sent: list[Any], turns: list[tuple[int, int]]) -> None:
    """Whatever is cut into whatever pieces, and however the sockets take turns."""
    parsers = Parsers(1_000_000)
    wires = [b"".join(_fragments(message) for message in messages) for messages in sent]
    held: list[Library | None] = [None] * len(wires)
    heard: list[list[bytes]] = [[] for _ in wires]

    def take(which: int, count: int) -> None:
        piece, wires[which] = wires[which][:count], wires[which][count:]
        parser = held[which] or parsers.take()
        parser.receive_data(piece)
        heard[which] += [bytes(frame.data) for frame in parser.events_received()]  # type: ignore[union-attr]
        assert parser.parser_exc is None
        held[which] = None if parsers.give_back(parser) else parser

    for which, count in turns:
        take(which % len(wires), count)
    for which in range(len(wires)):
        take(which, len(wires[which]))
    assert heard == [[part for message in messages for part in message] for messages in sent]
    assert held == [None] * len(wires), "idle sockets have none"


def _fragments(parts: list[bytes]) -> bytes:
    """A message in as many frames, as a client sends them."""
    client = Library(CLIENT)
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if number:
            client.send_continuation(part, fin=last)
        else:
            client.send_binary(part, fin=last)
    return b"".join(client.data_to_send())


FRAMES = st.tuples(
    st.sampled_from([Opcode.TEXT, Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.CONT]),
    st.one_of(st.binary(max_size=130), st.sampled_from([b"x" * size for size in SIZES])),
    st.booleans(), st.booleans(), st.booleans(), st.integers(-3, 1),
)  # fmt: skip


@given(FRAMES)
@settings(max_examples=max(60, EXAMPLES), deadline=None)
def test_a_whole_text_is_what_the_library_reads(given: tuple[Any, ...]) -> None:
    """And nothing else is one: fragments, other kinds, reserved bits, what is not masked, too little or too much."""
    kind, content, fin, reserved, mask, cut = given
    try:
        wire = Frame(kind, content, fin=fin).serialize(mask=mask)
    except ProtocolError:
        return  # of a control frame: too long, or in parts
    wire = bytes([wire[0] | 0x40 * reserved]) + wire[1:]
    wire = wire + b"\x81" if cut > 0 else wire[: len(wire) + cut]
    parser = Library(SERVER, max_size=70_000)
    parser.receive_data(wire)
    read = parser.events_received()
    alone = len(read) == 1 and parser.parser_exc is None and not parser.reader.buffer
    text = alone and isinstance(read[0], Frame) and read[0].opcode is Opcode.TEXT and read[0].fin
    found = whole_text(wire, 70_000)
    if found is not None:
        assert text
        assert found == read[0].data  # type: ignore[union-attr]
    elif text:
        assert len(content) > 65_535, "only long ones are left to the library"


async def test_messages_in_fragments_and_in_pieces(served: Served) -> None:
    message = orjson.dumps({"type": "ping", "payload": {"a": "x" * 200}})
    async with served.socket() as client:
        for cut in (1, 40, len(message) - 1):
            await client.connection.send([message[:cut].decode(), message[cut:].decode()])
            assert (await client.receive())["type"] == "pong"
        library = Library(CLIENT)
        library.send_text(message)
        for byte in b"".join(library.data_to_send()):
            client.connection.transport.write(bytes([byte]))
            await asyncio.sleep(0)
        assert (await client.receive())["type"] == "pong"


async def test_a_frame_that_breaks_the_protocol_ends_the_socket_alone(serve: Serve) -> None:
    served = await serve(DoorLimits(body_bytes=1000))
    async with served.socket(init={}) as other:
        for wrong, code in (
            (b"\x81\x05hello", 1002),  # not masked
            (b"\x83\x80\0\0\0\0", 1002),  # an opcode that is none
            (b"\x80\x80\0\0\0\0", 1002),  # goes on with nothing
            (b"\x01\xfe\x03\xe0\0\0\0\0" + b"x" * 992 + b"\x80\x89\0\0\0\0" + b"x" * 9, 1009),
        ):
            async with served.socket(init={}) as client:
                client.connection.transport.write(wrong)
                assert (await client.closed())[0] == code
        await other.send(type="ping")
        assert await other.receive() == {"type": "pong"}


async def test_who_pings_and_does_not_read_is_not_read_either(serve: Serve) -> None:
    """Answers to pings are not heaped up; they come when they are read."""
    served = await serve(DoorLimits(unsent_bytes=100_000, messages=1_000_000))
    most, sent = 5_000, 0
    async with served.socket(init={}) as client:
        client.connection.transport.pause_reading()
        with contextlib.suppress(TimeoutError):
            while sent < most:
                sent += 1
                async with asyncio.timeout(0.5):
                    await client.send(type="ping", payload={"x": "y" * 10_000})
        assert sent < most
        client.connection.transport.resume_reading()
        for _ in range(sent):
            assert (await client.receive())["type"] == "pong"


async def test_deadlines_come_once_and_may_be_put_off() -> None:
    come: list[str] = []

    class One:
        due = 0

        def __init__(self, name: str) -> None:
            self.name = name

        def deadline(self) -> None:
            come.append(self.name)
            if self.name == "last":
                done.set()

    done = asyncio.Event()
    deadlines = Deadlines(0.01)
    first, dropped, put_off, last = (One(name) for name in ("first", "dropped", "put off", "last"))
    for one, seconds in ((last, 0.09), (first, 0.01), (dropped, 0.01), (put_off, 0.01)):
        deadlines.set(one, seconds)
    deadlines.drop(dropped)
    deadlines.set(put_off, 0.05)
    async with asyncio.timeout(10):
        await done.wait()
    assert come == ["first", "put off", "last"]
    assert not deadlines._waiting


async def test_deadlines_that_come_together_leave_room_for_others() -> None:
    come: list[Any] = []

    class One:
        due = 0

        def deadline(self) -> None:
            come.append(self)

    deadlines = Deadlines(0.01)
    everybody = [One() for _ in range(450)]
    for one in everybody:
        deadlines.set(one, 0.01)
    seen = set()
    async with asyncio.timeout(10):
        while len(come) < len(everybody):
            seen.add(len(come))
            await asyncio.sleep(0)
    assert len(set(come)) == len(everybody)
    assert len(seen) > 3, "others had their turns meanwhile"
    assert not deadlines._waiting
