"""The GraphQL that the replay sends."""

from __future__ import annotations

_TASK_STATE = """
id number title sections { name text } statusId typeId priority parentId creatorId assigneeIds labelIds estimate
dueDate rank closeReason externalRef config version createdAt updatedAt completedAt deletedAt
"""

EVENT_FIELDS = f"""
__typename seq objectId objectVersion occurredAt recordedAt
changes {{
  __typename
  ... on ValueChange {{ field new }}
  ... on TextChange {{ field edits {{ at removed inserted }} baseHash resultHash }}
  ... on MembersChange {{ field added removed }}
  ... on EntryChange {{ field key exists entry: new }}
}}
... on TaskCreated {{ state {{ {_TASK_STATE} }} }}
... on CommentAdded {{
  comment: state {{ id taskId parentId authorId body version createdAt updatedAt deletedAt }}
}}
... on LinkAdded {{ link: state {{ id kind sourceTaskId targetTaskId cyclic creatorId createdAt }} }}
"""

FOLLOW = f"""
subscription Follow($scope: ID!, $after: String) {{
  events(scope: $scope, after: $after) {{
    kind reason more position {{ seq cursor }} events {{ {EVENT_FIELDS} }}
  }}
}}
"""

LOG = f"""
query Log($scope: ID!, $after: String!) {{
  events(scope: $scope, after: $after) {{
    kind reason more position {{ seq cursor }} events {{ {EVENT_FIELDS} clientMutationId }}
  }}
}}
"""

OWN_ECHOES = """
query OwnEchoes($scope: ID!, $after: String!) {
  events(scope: $scope, after: $after) {
    kind reason more position { seq cursor } events { seq clientMutationId }
  }
}
"""

SIGN_UP = """
mutation SignUp($input: SignUpInput!) {
  signUp(input: $input) { accessToken user { id } errors { __typename message } }
}
"""

WORKSPACE = """
mutation Workspace($input: WorkspaceCreateInput!) {
  workspaceCreate(input: $input) { workspace { id } errors { __typename message } }
}
"""

PROJECT = """
mutation Project($input: ProjectCreateInput!) {
  projectCreate(input: $input) {
    project { id scope statuses { id name category } taskTypes { id name } } errors { __typename message }
  }
}
"""

POSITION = "query Position($id: ID!) { node(id: $id) { ... on Project { position { seq cursor } } } }"


def setting(name: str, input_type: str, answer: str) -> str:
    """A mutation of the preparations: its `answer` and its errors."""
    wanted = f"{answer} errors {{ __typename message }}"
    return f"mutation ($input: {input_type}!) {{ {name}(input: $input) {{ {wanted} }} }}"


def _edit(name: str, input_type: str, answer: str) -> str:
    return (
        f"mutation ($input: {input_type}!) {{ {name}(input: $input) {{ {answer} positions {{ scope seq }} errors {{ "
        "__typename message ... on VersionConflict { currentVersion clashes { field } } } } }"
    )


MUTATIONS = {
    "create": ("taskCreate", _edit("taskCreate", "TaskCreateInput", "task { id }")),
    "edit": ("taskUpdate", _edit("taskUpdate", "TaskUpdateInput", "task { id }")),
    "link": ("linkAdd", _edit("linkAdd", "LinkAddInput", "link { id }")),
    "unlink": ("linkRemove", _edit("linkRemove", "LinkRemoveInput", "removedId")),
    "comment": ("commentAdd", _edit("commentAdd", "CommentAddInput", "comment { id }")),
    "uncomment": ("commentDelete", _edit("commentDelete", "CommentDeleteInput", "comment { id }")),
}

_COMMENT = "id task { id } parent { id } author { id } body version createdAt updatedAt deletedAt"

BOARD = f"""
query Board($projects: [ID!]!, $after: String) {{
  tasks(projectIds: $projects, first: 100, after: $after, orderBy: [{{ field: NUMBER }}]) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {{
      id number title sections {{ name text }} status {{ id }} type {{ id }} priority parent {{ id }} creator {{ id }}
      assignees {{ id }} labels {{ id }} estimate dueDate rank closeReason externalRef config version createdAt
      updatedAt completedAt deletedAt
      links {{ direction link {{ id kind source {{ id }} target {{ id }} cyclic creator {{ id }} createdAt }} }}
      comments(first: 5) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {_COMMENT} }} }}
    }}
  }}
}}
"""

MORE_COMMENTS = f"""
query MoreComments($id: ID!, $after: String) {{
  node(id: $id) {{
    ... on Task {{
      comments(first: 100, after: $after) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {_COMMENT} }} }}
    }}
  }}
}}
"""
