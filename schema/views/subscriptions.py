"""Following a list: what enters it, changes in it, and leaves it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Hashable
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from app.boards.reads import LIVE_BOARDS
from app.boards.rules import columns_of
from app.errors import BadInput, NotFound
from app.events import frames
from app.events.cursors import Cursor
from app.events.pursuits import Pursuit
from app.projects.access import readable_scopes
from app.projects.reads import by_project
from app.query_language.printing import read_sort
from app.tasks.grammar import EVERYTHING, TaskFilter, all_of, check_filter, test
from app.tasks.kept_filters import filter_from_json
from app.views.access import access_views
from app.views.live import Change, Changed, ChangeKind, LiveList, check_live
from schema.context import Context
from schema.edges import Info
from schema.enums import describe
from schema.events.enums import FrameKind, FrameReason
from schema.ids import global_id, read_id, read_optional_id, read_word_id
from schema.inputs import given
from schema.nodes import node_edge
from schema.positions import Position
from schema.query_language.types import meaning_of
from schema.tasks.filters import TaskFilterInput, TaskOrder, filter_scope, read_filter, read_order

if TYPE_CHECKING:
    from schema.tasks.types import Task

SILENT = 200
"""Events that do nothing to a list are passed over; after so many its position is told all the same."""

describe(
    ChangeKind,
    "What happened to a task as far as the list is concerned.",
    ENTERED="It is in the list now.",
    CHANGED="It is still in the list, but something of it is another.",
    LEFT="It is not in the list any more.",
)


@strawberry.type(description="What some events did to one task of the list.")
class ViewChange:
    task_uuid: strawberry.Private[UUID]
    kind: ChangeKind = strawberry.field(description="What happened.")
    task_id: strawberry.ID = strawberry.field(description="The task.")
    seq: int = strawberry.field(description="The last of the events.")
    place: JSON | None = strawberry.field(
        description="Where it stands in the list now: its values of the order, one after the other, and last a text "
        "that decides between equal ones (bytewise, as all texts here); missing values are last. Of a field of people "
        "it is the name in lower case, as it is now: the directory tells when it changes. Null if it left."
    )
    task: Annotated[Task, strawberry.lazy("schema.tasks.types")] | None = node_edge(
        "Task",
        "task_uuid",
        "As it is when this is read, which may be later; null if it is not there for you any more.",
    )

    @classmethod
    def of(cls, change: Change) -> ViewChange:
        place: Any = change.place
        return cls(
            task_uuid=change.task_id, kind=change.kind, seq=change.seq, place=place,
            task_id=strawberry.ID(global_id("Task", change.task_id)),
        )  # fmt: skip


@strawberry.type(
    description="What a list that is followed yields. Positions and cursors are those of `events`."
)
class ViewFrame:
    kind: FrameKind = strawberry.field(description="What this frame is.")
    changes: list[ViewChange] = strawberry.field(description="One for each task, to be applied in order.")
    position: Position | None = strawberry.field(
        description="Where you stand after it: go on with its cursor."
    )
    reason: FrameReason | None = strawberry.field(description="With RESYNC and ENDED: why.")
    more: bool = strawberry.field(description="The log has more right now: another frame follows at once.")

    @classmethod
    def of(cls, frame: frames.EventFrame, changes: list[Change], kind: FrameKind | None = None) -> ViewFrame:
        return cls(
            kind=kind or frame.kind, changes=[ViewChange.of(one) for one in changes], reason=frame.reason,
            position=None if frame.position is None else Position.of(frame.position), more=frame.more,
        )  # fmt: skip


class FollowedList:
    """A list that is followed: the frames of its project, as far as they do something to it.

    By itself, if it is iterated; or as one of an audience (`schema.sharing.Shareable`).
    """

    repeats = False
    """A view may have been changed since, and `me` is somebody else to another."""

    def __init__(self, context: Context, live: LiveList, after: Cursor | None) -> None:
        self._hub = context.application.hub
        self._session = context.session
        self._viewer_id = context.viewer_id
        self._live = live
        self._standing: tuple[int, LiveList] | None = None
        self._after = after

    @property
    def meant(self) -> Hashable:
        """What is listed. Equal lists have the same changes."""
        return self._live.meant

    async def pursue(self) -> Pursuit:
        """Begins to follow. Raises `NotFound`."""
        return await self._hub.pursue(self._viewer_id, self._session, self._live.project_id, self._after)

    def again(self, context: Context) -> FollowedList:
        """Never asked for: see `repeats`."""
        raise NotImplementedError

    async def event(self, frame: frames.EventFrame) -> ViewFrame | None:
        """What a frame does to the list; None: nothing. A list that stands where the frame begins goes on from there,
        which is another one's if somebody replays."""
        if frame.kind is not frames.FrameKind.EVENTS:
            return ViewFrame.of(frame, [])
        (at, live), self._standing = self._standing or (0, self._live), None
        if at != frame.events[0].seq - 1:
            live = self._live.anew()
        try:
            changes = await live.changes(frame.events)
        except Changed:
            reason = FrameReason.VIEW_CHANGED
            return ViewFrame.of(frames.EventFrame(FrameKind.RESYNC, frame.position, reason=reason), [])
        if self._standing is None or self._standing[0] < frame.events[-1].seq:
            self._standing = frame.events[-1].seq, live
        return ViewFrame.of(frame, changes) if changes else None

    async def __aiter__(self) -> AsyncGenerator[ViewFrame]:
        stream = self._hub.follow(self._viewer_id, self._session, self._live.project_id, self._after)
        passed_over = 0
        try:
            async for frame in stream:
                told = await self.event(frame)
                if told is not None:
                    yield told
                    passed_over = 0
                    if told.reason is FrameReason.VIEW_CHANGED:
                        return
                    continue
                passed_over += len(frame.events)
                if passed_over >= SILENT:
                    yield ViewFrame.of(frame, [], FrameKind.HEARTBEAT)
                    passed_over = 0
        finally:
            await stream.aclose()


async def view_events(
    info: Info,
    project_id: strawberry.ID,
    view_id: strawberry.ID | None = strawberry.UNSET,
    filter: TaskFilterInput | None = strawberry.UNSET,
    query: str | None = strawberry.UNSET,
    order_by: list[TaskOrder] | None = strawberry.UNSET,
    board_id: strawberry.ID | None = strawberry.UNSET,
    after: str | None = strawberry.UNSET,
) -> AsyncGenerator[ViewFrame]:
    """Follow a list (see ``ViewSubscriptions``)."""
    context: Context = info.context
    project = read_id(project_id, "Project")
    cursor = Cursor.decode(after) if after else None
    if cursor is not None and cursor.scope_id != project:
        raise BadInput("This cursor is of another scope.")
    if not await readable_scopes(await context.reader(), [(context.viewer_id, project)]):
        raise NotFound("Project", path=("projectId",))
    view, board = read_optional_id(given(view_id), "View"), given(board_id)
    parts = [] if (asked := read_filter(given(filter))) is None else [asked]
    if board is not None:
        if view is not None or given(order_by):
            raise BadInput("A board has a view and an order of its own: leave out viewId and orderBy.")
        shown, view = await _of_board(context, project, board)
        parts += shown
    live = await _list(context, project, view, parts, given(query))
    if board is not None:
        live.sort = []
        live.defined_by |= {read_word_id(board, "Board")[1]}
    live.sort = await read_order(context, given(order_by)) or live.sort
    return FollowedList(context, live, cursor)  # type: ignore[return-value]  # what it is iterated by is one


async def _of_board(
    context: Context, project: UUID, board_id: strawberry.ID
) -> tuple[list[TaskFilter], UUID | None]:
    """The cards of a board: what they match besides its view, and the view."""
    boards = await by_project(await context.reader(), LIVE_BOARDS, [project])
    key = read_word_id(board_id, "Board")
    board = next((one for one in boards[project] if (one.project_id, one.id) == key), None)
    if board is None:
        raise NotFound("Board", path=("boardId",))
    statuses = [status for one in columns_of(board.columns) for status in one.status_ids]
    own = [] if board.view_id or board.filter is None else [filter_from_json(board.filter)]
    return [test("status_id", "in", statuses), *own], board.view_id


async def _list(
    context: Context, project: UUID, view_id: UUID | None, parts: list[TaskFilter], query: str | None
) -> LiveList:
    sort: list[tuple[str, bool]] = []
    if view_id is not None:
        view = (await access_views(await context.reader(), context.viewer_id, [view_id])).get(view_id)
        if view is None or view.project_id not in (None, project):
            raise NotFound("View", path=("viewId",))
        parts.append(filter_from_json(view.filter))
        sort = read_sort(view.sort)
    if query:
        meaning = await meaning_of(context, [project], query)
        parts.append(meaning.filter)
        sort = meaning.sort or sort
    for part in parts:
        check_filter(part)
    whole = all_of(parts) if parts else EVERYTHING
    check_live(whole)
    scope = await filter_scope(context, whole)
    defined = frozenset({view_id} if view_id else ())
    return LiveList(context.application.database, project, whole, sort, scope, defined)


@strawberry.type
class ViewSubscriptions:
    view_events: AsyncGenerator[ViewFrame] = strawberry.subscription(
        resolver=view_events,
        description="Follow a list of a project's tasks: what enters it, changes in it and leaves it, after the cursor "
        "and then live, as `events` does. Refused for filters whose list changes without an event of the project: days "
        "relative to today, `blocked`. With `boardId` the list is the cards of a board, by rank. "
        "A view of your own is taken as it is when this begins.",
    )
