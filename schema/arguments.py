"""What arguments are for. Most stand on many fields; each text stands here once."""

from __future__ import annotations

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema

from app.cursors import DEFAULT_PAGE, LARGEST_PAGE
from app.events.resuming import PAGE
from app.links.dependencies import DEEPEST as FURTHEST
from app.planning.progress import DEEPEST
from schema.planning.reports import MOST_CHANGES
from schema.queries import NODES_AT_ONCE

_BY_NAME = {
    "after": "The `endCursor` of the page before: rows after it.",
    "at": "Which moment.",
    "before": "The `startCursor` of the page behind: rows before it.",
    "filter": "Only rows for which all of this holds.",
    "first": f"So many rows from the start, or after `after`; {DEFAULT_PAGE} if not said, at most {LARGEST_PAGE}.",
    "id": "An `id` that an answer gave you.",
    "ids": f"At most {NODES_AT_ONCE} `id`s that answers gave you.",
    "input": "All that it needs.",
    "last": f"So many rows from the end, or before `before`; at most {LARGEST_PAGE}.",
    "orderBy": "The first decides, the next where that is equal. By rank unless given.",
    "query": "The same as text, such as `is:open label:bug`; with `filter`, both hold. See docs/query-language.md.",
    "projectIds": "Only these projects; null is all that you see.",
    "scope": "A `scope`, `directoryScope` or `inboxScope` that an answer gave you.",
    "workspaceId": "In this workspace; needed only where several of yours have the key.",
}

_BY_PLACE = {
    "Inbox.items.unread": "Only those that are not marked as read.",
    "BoardColumn.cards.lane": "Only the cards of this lane, by its `key`.",
    "BoardColumnAsOf.cards.lane": "Only the cards of this lane of then, by its `key`.",
    "Project.backlog.inSprint": "True: only those that are in a sprint; false: only the others.",
    "Project.milestones.released": "Only those that are released, or only the others.",
    "Project.sprints.stages": "Only those that are this far.",
    "Query.events.after": "The `cursor` of a position or of the last frame: events after it.",
    "Query.events.first": f"At most so many events, 1 to {PAGE}.",
    "Query.project.key": "The project's key, such as ENG, in capitals or not.",
    "Query.queryParse.cursor": "Where the cursor stands in it, in UTF-16 code units: asks for suggestions.",
    "Query.queryParse.text": "The query's text, at most 2,000 characters.",
    "Query.queryPrint.orderBy": "The order to write as `sort:`.",
    "Query.search.text": "What to look for, at most 200 characters and 12 words.",
    "Query.search.workspaceId": "Only in this workspace.",
    "Query.task.key": "The task's key, such as ENG-12, now or before a transfer.",
    "Query.tasks.orderBy": "The first decides, the next where that is equal. By when they were made unless given.",
    "Subscription.events.after": "The `cursor` of a position or of the last frame: replays what came after it. "
    "Without it the stream begins now.",
    "SprintReport.burndown.timeZone": "Whose days: an IANA time zone, such as Europe/Helsinki.",
    "SprintReport.changes.first": f"So many, at most {MOST_CHANGES}.",
    "Task.dependencies.depth": f"So many links, at most {FURTHEST}.",
    "Task.dependencies.direction": "Which way.",
    "Task.progress.depth": f"So many levels, at most {DEEPEST}.",
    "Subscription.viewEvents.after": "The `cursor` of a position of the project or of the last frame. Without it the "
    "stream begins now.",
    "Subscription.viewEvents.boardId": "A board of the project: its cards. With a filter or query, all hold.",
    "Subscription.viewEvents.orderBy": "What `place` tells; the view's or the query's order, or by rank, unless given.",
    "Subscription.viewEvents.projectId": "The project whose tasks are listed.",
    "Subscription.viewEvents.viewId": "A saved view of the project, or of yours; with a filter or query, all hold.",
    "Task.section.name": "Its name, such as `acceptance_criteria`.",
}


def describe_arguments(schema: GraphQLSchema) -> None:
    """Give every argument its description; one that has none is refused."""
    for kind in schema.type_map.values():
        if kind.name.startswith("__") or not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            continue
        for field_name, field in kind.fields.items():
            for name, argument in field.args.items():
                place = f"{kind.name}.{field_name}.{name}"
                text = argument.description or _BY_PLACE.get(place) or _BY_NAME.get(name)
                if text is None:
                    raise TypeError(f"schema/arguments.py does not say what {place} is for")
                argument.description = text
