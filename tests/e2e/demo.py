"""The demo workspace, as a client of the API sees it: what tests and the picture of the README start from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

OWNER = "owner@demo.example"
PROJECT_KEY = "DEMO"

SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }"
PROJECT = "query ($key: String!) { project(key: $key) { id scope } }"
CREATE_TASK = """
mutation ($input: TaskCreateInput!) { taskCreate(input: $input) { task { id version } errors { message } } }
"""
RENAME_TASK = """
mutation ($input: TaskUpdateInput!) { taskUpdate(input: $input) { task { version } errors { message } } }
"""


@dataclass(frozen=True)
class Service:
    """A running service with its demo workspace."""

    address: str
    email: str
    password: str
    data_dir: Path | None = None

    async def answer(
        self, document: str, variables: dict[str, Any], token: str | None = None
    ) -> dict[str, Any]:
        """The `data` of one operation by HTTP; raises AssertionError if there are errors."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            body = {"query": document, "variables": variables}
            response = await client.post(f"{self.address}/graphql", json=body, headers=headers)
        answer: dict[str, Any] = response.json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def token(self) -> str:
        """A new access token of the demo's owner."""
        data = await self.answer(SIGN_IN, {"input": {"email": self.email, "password": self.password}})
        return str(data["signIn"]["accessToken"])

    async def scope(self) -> str:
        """The id of the demo project's scope."""
        return (await self._project())["scope"]

    async def _project(self) -> dict[str, str]:
        data = await self.answer(PROJECT, {"key": PROJECT_KEY}, await self.token())
        project: dict[str, str] = data["project"]
        return project

    async def new_task(self, title: str) -> "Task":
        """Creates a task in the demo project."""
        variables = {"input": {"projectId": (await self._project())["id"], "title": title}}
        payload = (await self.answer(CREATE_TASK, variables, await self.token()))["taskCreate"]
        assert payload["errors"] == [], payload
        return Task(payload["task"]["id"], payload["task"]["version"])

    async def rename(self, task: "Task", title: str) -> None:
        """Renames the task, as another client would."""
        payload = (await self.answer(RENAME_TASK, task.renaming(title), await self.token()))["taskUpdate"]
        assert payload["errors"] == [], payload


@dataclass(frozen=True)
class Task:
    """A task as its creation answered it."""

    id: str
    version: int

    def renaming(self, title: str) -> dict[str, Any]:
        """Variables of a `taskUpdate` that renames it."""
        return {"input": {"id": self.id, "expectedVersion": self.version, "patch": {"title": title}}}
