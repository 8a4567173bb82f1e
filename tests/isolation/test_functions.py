"""What runs as the owner, past the wall: a short list, each with its reason, none of which gives content away."""

from __future__ import annotations

from tests.isolation.conftest import Role
from tests.ledger import Log

PAST_THE_WALL = {
    "declare_viewer": "writes the declaration itself",
    "project_roles": "ids and roles of the person asked for, who is declared by it",
    "readable": "yes or no for pairs of a person and a scope",
    "clocks_of": "where a log stands, without any of its content",
    "ids_in_use": "which of some ids are taken, by whatever",
    "project_key_in_use": "whether a key is taken in a workspace",
    "links_along": "ids of tasks that block each other, to refuse a cycle",
    "account_id": "whose an address is, as an id",
    "bump_access": "moves a stamp that tells hubs to look again",
    "sign_ins_ended": "ids of sign-ins that ended lately",
    "delete_expired": "deletes what has expired, tells how much",
    "project_roles_in": "ids and roles, as project_roles",
    "project_roles_of": "roles for pairs of a project and a person, as project_roles",
    "task_places": "where tasks are, as ids, each for a person who sees it",
    "project_readers_among": "yes or no for pairs of a person and a project",
    "project_readers": "ids of who sees projects that are declared",
    "scopes_read_by": "ids of what some people read in a workspace that is declared",
    "known_people": "which of some people a person may look up, as ids",
    "token_owner": "whose a secret is, by its hash, as an id",
    "working_access_token": "the owner and scopes of a token, by its hash",
    "open_invitation": "where an invitation leads, for whoever has its secret's hash",
    "identity_owner": "whose an identity at a provider is, as an id",
    "workspaces_open_to": "workspaces that a domain's people join, as ids and roles",
    "drop_expired_answers": "deletes what nobody fetched, tells nothing",
    "audit_person": "writes an entry where its subject belongs, tells nothing",
    "checkpoints_due": "ids of logs that have grown, without any of their content",
    "ranks_grown": "ids of projects in which ranks have grown long",
    "statuses_leaving": "ids of statuses that are being emptied, for housekeeping",
    "search_candidates": "ids and ranks of documents of projects that are declared",
    "search_count": "how many documents of projects that are declared",
    "search_spellings": "words of projects that are declared",
    "search_learn": "keeps words of projects that are declared, tells nothing",
    "search_settle": "puts what is pending in its place in the index of words, tells nothing",
    "search_forget": "makes the words of a project that is declared anew, tells nothing",
    "search_due": "ids of logs that the search index has not caught up with",
    "answer_stamp": "where logs stand of projects that a person sees, and their roles there",
    "schema_revision": "the name of the last migration",
    "forget_person": "empties what was a person's, once they are erased",
}
FUNCTIONS = """
SELECT p.proname AS name, p.proconfig AS config, p.prorettype = 'trigger'::regtype AS triggered,
       has_function_privilege('lockstep_service', p.oid, 'EXECUTE') AS callable
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public' AND p.prosecdef
"""


async def test_what_runs_as_the_owner_is_listed(log: Log) -> None:
    found = await log.connection.fetch(FUNCTIONS)
    callable_ = {row["name"] for row in found if row["callable"] and not row["triggered"]}
    assert callable_ - {"assert_event"} == PAST_THE_WALL.keys()
    assert all("search_path=public" in row["config"] for row in found), (
        "else whoever calls chooses what they mean"
    )


async def test_the_service_cannot_become_the_owner(role: Role, log: Log) -> None:
    row = await role.connection.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, "
        "EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid) AS belongs "
        "FROM pg_roles WHERE rolname = current_user"
    )
    assert not any(row.values())
    owner = await log.connection.fetchrow(
        "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = (SELECT tableowner FROM pg_tables "
        "WHERE tablename = 'projects')"
    )
    assert not owner["rolsuper"]
