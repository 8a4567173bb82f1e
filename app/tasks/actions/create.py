"""Making tasks, one or many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from app.errors import LimitReached, NotFound, ValidationFailed
from app.events.deltas import State
from app.ids import accept_client_id, new_id
from app.inbox.arrivals import Arrival, deliver
from app.inbox.models import InboxReason
from app.outcomes import Result
from app.permissions import Permission
from app.projects.access import check_permission
from app.projects.actions.opening import access_guards
from app.ranks import ranks_between
from app.statements import sql
from app.tasks.actions.move import rank_at
from app.tasks.actions.writing import task_row
from app.tasks.commands import NewTask
from app.tasks.decisions import CLOSED
from app.tasks.events import TASK_CREATED
from app.tasks.facts import Facts, facts_for_new, hierarchy_guard, opening_status, word
from app.tasks.models import Task, TaskAssignee, TaskKey, TaskLabel, TaskLocation
from app.tasks.plans import check_new, check_plans
from app.tasks.reads import last_rank
from app.tasks.rules import check_config, check_counts, check_sections, check_title, check_values, mentioned
from app.values import plain
from app.work import Action, Work
from app.workflows.rules import check_limits
from app.writes import ids_in_use, insert_rows

CREATED_AT_ONCE = 1000


def create_tasks(tasks: Sequence[NewTask]) -> Action:
    """Make tasks, all or none, in the order given; the result's ``task_ids`` are in that order."""

    async def action(work: Work) -> Result:
        if len(tasks) > CREATED_AT_ONCE:
            raise LimitReached(f"At most {CREATED_AT_ONCE} tasks at once.", limit=CREATED_AT_ONCE)
        guards = await access_guards(work, list({task.project_id for task in tasks}))
        guards += [hierarchy_guard(task.project_id) for task in tasks if task.patch.values.get("parent_id")]
        facts = await facts_for_new(work, tasks, guards)
        for task in tasks:
            if task.project_id not in facts.projects:
                raise NotFound("Project", path=("projectId",))
            check_permission(facts.projects[task.project_id], Permission.EDIT_TASKS)
        ids = [accept_client_id(task.client_id) for task in tasks]
        if await ids_in_use(work, ids) or len(set(ids)) < len(ids):
            raise ValidationFailed(
                "This id is taken. A retry sends the same clientMutationId too.", path=("id",)
            )
        ranks = await _ranks(work, tasks)
        numbers = await _numbers(work, tasks)
        states = [
            decide_new(task, task_id, ranks[place], numbers[place], facts, work.actor.user_id)
            for place, (task, task_id) in enumerate(zip(tasks, ids, strict=True))
        ]
        for task, state in zip(tasks, states, strict=True):
            check_new(task.project_id, state, facts.plans)
        if len(tasks) > 1:
            work.batch_id = new_id()
        await write_new(work, tasks, states, facts)
        return {"task_ids": [str(task_id) for task_id in ids]}

    return action


def decide_new(
    task: NewTask, task_id: UUID, rank: str, number: int, facts: Facts, creator_id: UUID | None
) -> State:
    """The first state of a task; raises a refusal."""
    project_id, values = task.project_id, check_values(task.patch.values)
    types = [task_type for task_type in facts.types[project_id] if task_type.deleted_at is None]
    named = next((t for t in types if t.name == "task"), types[0])
    status = opening_status(facts, task)
    task_type = word(facts.types, project_id, values["type_id"]) if "type_id" in values else named
    if status is None:
        raise NotFound("Status", path=("statusId",))
    if task_type is None:
        raise NotFound("Task type", path=("typeId",))
    check_limits(facts.around, project_id, None, str(status.id))
    facts.around.moved(project_id, None, {"id": str(task_id), "status_id": str(status.id)})
    _check_people_and_parent(task, facts)
    created_at = task.created_at or facts.now
    config = dict(task.patch.config)
    check_config(config)
    sections = {name: text for name, text in check_sections(task.patch.sections).items() if text}
    check_counts(sections, task.patch.add.get("assignee_ids", ()))
    state = {
        "id": str(task_id), "number": number, "title": check_title(task.title), "sections": sections,
        "status_id": str(status.id), "type_id": str(task_type.id), "priority": values.get("priority", 0),
        "parent_id": plain(values.get("parent_id")), "estimate": values.get("estimate"),
        "due_date": plain(values.get("due_date")), "rank": rank, "close_reason": values.get("close_reason"),
        "external_ref": values.get("external_ref"), "config": config,
        "sprint_id": plain(values.get("sprint_id")), "milestone_id": plain(values.get("milestone_id")),
        "fields": dict(task.patch.fields),
        "assignee_ids": sorted(map(str, task.patch.add.get("assignee_ids", ()))),
        "label_ids": sorted(map(str, task.patch.add.get("label_ids", ()))),
        "creator_id": plain(task.creator_id or creator_id), "version": 1, "created_at": plain(created_at),
        "updated_at": plain(values.get("updated_at") or created_at),
        "completed_at": plain(values.get("completed_at") or (created_at if status.category in CLOSED else None)),
        "deleted_at": plain(values.get("deleted_at")),
    }  # fmt: skip
    check_plans(project_id, None, state, facts.plans)
    return state


def _check_people_and_parent(task: NewTask, facts: Facts) -> None:
    for user_id in task.patch.add.get("assignee_ids", ()):
        if (task.project_id, user_id) not in facts.readers:
            raise NotFound("Member", path=("assigneeIds",))
    for label_id in task.patch.add.get("label_ids", ()):
        if word(facts.labels, task.project_id, label_id) is None:
            raise NotFound("Label", path=("labelIds",))
    parent_id = task.patch.values.get("parent_id")
    if parent_id is not None:
        parent = facts.relatives.get(parent_id)
        if parent is None or parent.project_id != task.project_id or parent.deleted_at is not None:
            raise NotFound("Parent task in this project", path=("parentId",))


async def write_new(
    work: Work, tasks: Sequence[NewTask], states: Sequence[State], facts: Facts, *, notify: bool = True
) -> None:
    """Insert new tasks with their events and notices. ``notify=False``: history, which is news to nobody."""
    places = [(task.project_id, UUID(state["id"])) for task, state in zip(tasks, states, strict=True)]
    await insert_rows(
        work, Task, [task_row(state, task.project_id) for task, state in zip(tasks, states, strict=True)]
    )
    await insert_rows(
        work, TaskLocation, [{"task_id": task_id, "project_id": project} for project, task_id in places]
    )
    keys = [
        {"project_id": project, "number": state["number"], "task_id": task_id}
        for (project, task_id), state in zip(places, states, strict=True)
    ]
    await insert_rows(work, TaskKey, keys)
    for field, model, column in (
        ("assignee_ids", TaskAssignee, "user_id"),
        ("label_ids", TaskLabel, "label_id"),
    ):
        rows = [
            {"project_id": project, "task_id": task_id, column: UUID(one)}
            for (project, task_id), state in zip(places, states, strict=True)
            for one in state[field]
        ]
        await insert_rows(work, model, rows)
    arrivals: list[Arrival] = []
    for (project, task_id), state, task in zip(places, states, tasks, strict=True):
        event_id = work.record(
            project,
            TASK_CREATED,
            task_id,
            {"state": state},
            version=1,
            occurred_at=task.created_at or facts.now,
        )
        told = [(UUID(user_id), InboxReason.ASSIGNED) for user_id in state["assignee_ids"]]
        people = {one for text in state["sections"].values() for one in mentioned(text)}
        told += [(one, InboxReason.MENTIONED) for one in sorted(people) if (project, one) in facts.readers]
        arrivals += [
            Arrival(user_id, reason, project, task_id, caused_by=event_id) for user_id, reason in told
        ]
    if notify:
        deliver(work, arrivals)


async def _ranks(work: Work, tasks: Sequence[NewTask]) -> list[str]:
    """A rank for each: where it asked to stand, else at the end."""
    ends: dict[UUID, list[int]] = defaultdict(list)
    ranks: dict[int, str] = {}
    for place, task in enumerate(tasks):
        if task.after_id or task.before_id:
            if len(tasks) > 1:
                raise ValidationFailed("Only a single new task can be placed.", path=("afterId",))
            ranks[place] = await rank_at(work, task.project_id, new_id(), task.before_id, task.after_id)
        else:
            ends[task.project_id].append(place)
    for project_id, places in ends.items():
        last = await last_rank(work, project_id)
        ranks |= dict(zip(places, ranks_between(last, None, len(places)), strict=True))
    return [ranks[place] for place in range(len(tasks))]


async def _numbers(work: Work, tasks: Sequence[NewTask]) -> list[int]:
    taken: dict[UUID, int] = defaultdict(int)
    for task in tasks:
        taken[task.project_id] += 1
    following = {
        project_id: await take_numbers(work, project_id, taken[project_id]) for project_id in sorted(taken)
    }
    numbers = []
    for task in tasks:
        numbers.append(following[task.project_id])
        following[task.project_id] += 1
    return numbers


async def take_numbers(work: Work, project_id: UUID, count: int) -> int:
    """Take the next ``count`` task numbers of a project; the first of them."""
    first: int = await work.value(_TAKE_NUMBERS, project=project_id, count=count)
    return first


_TAKE_NUMBERS = sql(
    "UPDATE task_counters SET next_number = next_number + $2 WHERE project_id = $1 RETURNING next_number - $2",
    "project",
    "count",
)
