"""What the proofs of mutations need: comments."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import MANAGERS, VERSION, Proof, Proofs
from tests.world import World


async def comment_add(world: World, by: Client) -> JSON:
    task = await world.task()
    comment = await world.comment(task, "Question?")
    body = f"Ask @[Viewer](user:{world.uuid('viewer')}) 🙂"
    return {"taskId": task["id"], "body": body, "parentId": comment["id"]}


async def a_comment(world: World, by: Client) -> JSON:
    return {"id": (await world.comment(await world.task(), "One two three"))["id"], "expectedVersion": 1}


async def comment_update(world: World, by: Client) -> JSON:
    return {**await a_comment(world, by), "body": f"One 2 three @[Viewer](user:{world.uuid('viewer')})"}


async def deleted_comment(world: World, by: Client) -> JSON:
    comment = await a_comment(world, by)
    await world.member.do("commentDelete", **comment)
    return {**comment, "expectedVersion": 2}


PROOFS: Proofs = {
    "commentAdd": Proof(
        comment_add,
        ("eng", "inbox:viewer"),
        ("CommentAdded", "InboxItemAdded"),
        {"body": "Else"},
        {"body": " "},
    ),
    "commentUpdate": Proof(
        comment_update,
        ("eng", "inbox:viewer"),
        ("CommentUpdated", "InboxItemAdded"),
        {"body": "Else"},
        {"body": ""},
        may=("member",),
    ),
    "commentDelete": Proof(
        a_comment,
        ("eng",),
        ("CommentDeleted",),
        {"onConflict": "MERGE"},
        **VERSION,
        may=(*MANAGERS, "member"),
    ),
    "commentRestore": Proof(
        deleted_comment,
        ("eng",),
        ("CommentRestored",),
        {"onConflict": "MERGE"},
        **VERSION,
        may=(*MANAGERS, "member"),
    ),
}
