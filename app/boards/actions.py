"""Every write of boards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from app.boards.events import BOARD_CREATED, BOARD_DELETED, BOARD_UPDATED, board_state
from app.boards.models import Board, BoardSwimlanes
from app.boards.reads import LIVE_BOARDS
from app.boards.rules import NewColumn, check_columns, check_limits
from app.boards.shown import check_refusals, check_shown
from app.errors import LimitReached, NotFound, ValidationFailed, VersionConflict
from app.events.deltas import Shape, delta_between
from app.events.kinds import EventKind
from app.ids import accept_client_id, new_id
from app.outcomes import Result
from app.permissions import Permission
from app.projects.actions.opening import open_project
from app.projects.actions.vocabulary import vocabulary_guard
from app.projects.reads import STATUSES, by_project
from app.ranks import rank_between
from app.values import check_name, now_utc, plain
from app.views import actions as view_actions
from app.views.access import access_views, is_shared
from app.views.actions import views_guard
from app.work import Action, Work
from app.writes import compare_and_set, ids_in_use, insert_rows

MOST_BOARDS = 100
_SHAPE = Shape()
_SHOWN = frozenset({"view_id", "query"})


def create_board(
    project_id: UUID, name: str, swimlanes: BoardSwimlanes, columns: Sequence[NewColumn] | None,
    *, shown: Mapping[str, Any], client_id: UUID | None = None,
) -> Action:  # fmt: skip
    """Make a board, last in order. Without ``columns`` it has one for each status that is not a backlog.

    ``shown``: ``view_id`` or ``query`` as ``check_shown`` takes them; without either, every task.
    """

    async def action(work: Work) -> Result:
        there = await _open(work, project_id)
        if len(there) >= MOST_BOARDS:
            raise LimitReached(f"A project has at most {MOST_BOARDS} boards.", limit=MOST_BOARDS)
        statuses = [one for one in await _statuses(work, project_id) if one.successor_id is None]
        asked = columns
        if asked is None:
            asked = [NewColumn(one.name, [one.id]) for one in statuses if one.category != "backlog"]
        check_limits(asked)
        board = Board(
            project_id=project_id, id=accept_client_id(client_id), name=check_name(name, "name", length=80),
            swimlanes=BoardSwimlanes(swimlanes).value,
            columns=check_columns(asked, [one.id for one in statuses], {}, _new_ids()),
            rank=rank_between(there[-1].rank if there else None, None),
            **await check_shown(work, project_id, dict(shown)),
        )  # fmt: skip
        check_refusals(board)
        if client_id is not None and await ids_in_use(work, [client_id]):
            raise ValidationFailed("This id is taken.", path=("id",))
        await insert_rows(work, Board, [board.model_dump()])
        state = {"state": board_state(board)}
        work.record(project_id, BOARD_CREATED, board.id, state, version=1, occurred_at=now_utc())
        return {"project_id": str(project_id), "id": str(board.id)}

    return action


def update_board(
    project_id: UUID, board_id: UUID, expected_version: int, values: dict[str, Any],
    columns: Sequence[NewColumn] | None,
) -> Action:  # fmt: skip
    """Change a board's name, swimlanes, place, what it shows (``check_shown``) or (all of) its columns."""

    async def action(work: Work) -> Result:
        there = await _open(work, project_id)
        board = _find(there, board_id)
        checked = dict(values)
        if "name" in checked:
            checked["name"] = check_name(checked["name"] or "", "name", length=80)
        if "swimlanes" in checked:
            checked["swimlanes"] = BoardSwimlanes(checked["swimlanes"] or BoardSwimlanes.NONE).value
        if checked.get("before_id") or checked.get("after_id"):
            checked["rank"] = _place(there, board, checked.get("before_id"), checked.get("after_id"))
        for anchor in ("before_id", "after_id"):
            checked.pop(anchor, None)
        if columns is not None:
            check_limits(columns)
            statuses = [one.id for one in await _statuses(work, project_id)]
            checked["columns"] = check_columns(columns, statuses, board.columns, _new_ids())
        if checked.keys() & _SHOWN:
            shown = await check_shown(work, project_id, checked)
            checked = {name: one for name, one in checked.items() if name not in _SHOWN} | shown
        if not checked:
            raise ValidationFailed("Nothing to change was given.")
        check_refusals(Board(**{name: getattr(board, name) for name in Board.model_fields} | checked))
        await _change(work, board, expected_version, checked, BOARD_UPDATED)
        return {"project_id": str(project_id), "id": str(board_id)}

    return action


def delete_board(project_id: UUID, board_id: UUID, expected_version: int) -> Action:
    """Delete a board. Its tasks stay as they are; its limits hold no more."""

    async def action(work: Work) -> Result:
        board = _find(await _open(work, project_id), board_id)
        await _change(work, board, expected_version, {"deleted_at": now_utc()}, BOARD_DELETED)
        return {"project_id": str(project_id), "id": str(board_id)}

    return action


async def drop_status(work: Work, project_id: UUID, status_id: UUID) -> None:
    """Take a status that goes out of all columns; the caller holds the vocabulary."""
    for board in await work.rows(LIVE_BOARDS, projects=[project_id]):
        columns = {
            column_id: {**one, "status_ids": [x for x in one["status_ids"] if x != str(status_id)]}
            for column_id, one in board.columns.items()
        }
        if columns != board.columns:
            await _change(work, board, board.version, {"columns": columns}, BOARD_UPDATED)


def delete_view(view_id: UUID, expected_version: int) -> Action:
    """Delete a view. The boards over it go on showing what it showed: they take its filter as their own."""
    inner = view_actions.delete_view(view_id, expected_version)

    async def action(work: Work) -> Result:
        view = (await access_views(work, work.viewer_id, [view_id])).get(view_id)
        if view is None or view.project_id is None or not is_shared(view):
            return await inner(work)
        guard = vocabulary_guard(view.project_id, shared=False)
        await open_project(work, view.project_id, Permission.SEE_PROJECT, guard, views_guard(view.project_id))
        kept = (await access_views(work, work.viewer_id, [view_id])).get(view_id, view)
        result = await inner(work)
        for board in await work.rows(LIVE_BOARDS, projects=[view.project_id]):
            if board.view_id == view_id:
                own = {"view_id": None, "filter": kept.filter}
                await _change(work, board, board.version, own, BOARD_UPDATED)
        return result

    return action


async def _open(work: Work, project_id: UUID) -> list[Board]:
    # Tasks share the guard of the words while they move: the limits stand still until they are written. A view that
    # a board is to show is not deleted meanwhile.
    guards = vocabulary_guard(project_id, shared=False), views_guard(project_id)
    await open_project(work, project_id, Permission.MANAGE_BOARDS, *guards)
    return await work.rows(LIVE_BOARDS, projects=[project_id])


async def _statuses(work: Work, project_id: UUID) -> list[Any]:
    rows = (await by_project(work, STATUSES, [project_id]))[project_id]
    return [one for one in rows if one.deleted_at is None]


def _new_ids() -> Iterator[UUID]:
    while True:
        yield new_id()


def _find(there: Sequence[Board], board_id: UUID) -> Board:
    for board in there:
        if board.id == board_id:
            return board
    raise NotFound("Board", path=("id",))


async def _change(work: Work, board: Board, expected: int, values: dict[str, Any], kind: EventKind) -> None:
    old = board_state(board)
    delta = delta_between(old, {**old, **{name: plain(one) for name, one in values.items()}}, _SHAPE)
    row = {"project_id": board.project_id, "id": board.id, "version": expected, **values}
    if board.version != expected or (
        delta and not await compare_and_set(work, Board, [row], set(values), keys=("project_id", "id"))
    ):
        raise VersionConflict("board", board.id, expected=expected, current=board.version, clashes=[])
    if delta:
        work.record(
            board.project_id, kind, board.id, {"delta": delta}, version=expected + 1, occurred_at=now_utc()
        )


def _place(there: Sequence[Board], moved: Board, before_id: UUID | None, after_id: UUID | None) -> str:
    others = [one for one in there if one.id != moved.id]
    places = {one.id: place for place, one in enumerate(others)}
    anchor = after_id or before_id
    if anchor is None or anchor not in places:
        raise NotFound("Board", path=("afterId" if after_id else "beforeId",))
    place = places[anchor] + 1 if after_id else places[anchor]
    return rank_between(
        others[place - 1].rank if place else None, others[place].rank if place < len(others) else None
    )
