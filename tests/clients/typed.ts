// What a front end writes with the generated types: it must type-check, and catch what is wrong.
import type { ResultOf, VariablesOf } from '@graphql-typed-document-node/core';
import { BoardDocument, TaskUpdateDocument } from './build/codegen/graphql.ts';
import type { BoardQuery$data } from './build/relay/typescript/__generated__/BoardQuery.graphql.ts';

type Board = ResultOf<typeof BoardDocument>;
type Variables = VariablesOf<typeof BoardDocument>;

export const variables: Variables = { key: 'DEMO' };
// @ts-expect-error -- the key is a string
export const wrong: Variables = { key: 5 };

export function titles(board: Board, same: BoardQuery$data): readonly string[] {
  const version: number | undefined = board.project?.statuses[0]?.tasks.nodes[0]?.version;
  const title: string | undefined = same.project?.statuses[0]?.tasks.nodes[0]?.title;
  // @ts-expect-error -- a project may be missing, or not yours
  board.project.name;
  return [String(version), title ?? ''];
}

export const update: VariablesOf<typeof TaskUpdateDocument>['input'] = { id: 'x', expectedVersion: 1, patch: { title: 'y', dueDate: '2026-01-31' } };
