/**
 * A subscription that outlives the tab it was started from.
 *
 * GraphiQL ends a tab's subscription when one switches tabs and shows only the last result, so nobody could
 * watch what their own mutation sends to others. This keeps the last frames of one subscription, newest first.
 */
import type { FormattedExecutionResult } from 'graphql';
import { useSyncExternalStore } from 'react';

import { subscribe } from './fetcher';

const KEPT = 100;

interface Frame {
  number: number;
  /** Local time of arrival. */
  at: string;
  text: string;
}

interface Live {
  running: boolean;
  frames: Frame[];
  /** Heartbeats only say that the stream is alive: counted, not listed. */
  beats: number;
  failure: string | null;
}

let state: Live = { running: false, frames: [], beats: 0, failure: null };
let results: AsyncGenerator<FormattedExecutionResult> | null = null;
let arrived = 0;
const listeners = new Set<() => void>();

function update(change: Partial<Live>): void {
  state = { ...state, ...change };
  for (const listener of listeners) listener();
}

export function useLive(): Live {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

function isHeartbeat(result: FormattedExecutionResult): boolean {
  const frames = Object.values(result.data ?? {}) as ({ kind?: string } | null)[];
  return frames.length > 0 && frames.every((frame) => frame?.kind === 'HEARTBEAT');
}

function add(result: FormattedExecutionResult): void {
  if (isHeartbeat(result)) {
    update({ beats: state.beats + 1 });
    return;
  }
  arrived += 1;
  const shown = result.errors ? result : result.data;
  const frame = { number: arrived, at: new Date().toLocaleTimeString(), text: JSON.stringify(shown, null, 2) };
  update({ frames: [frame, ...state.frames].slice(0, KEPT) });
}

/** Starts following; `variables` is the JSON text of the editor. Returns when the subscription has ended. */
export async function follow(query: string, variables: string, operationName?: string): Promise<void> {
  stop();
  update({ running: true, failure: null });
  let mine: AsyncGenerator<FormattedExecutionResult> | null = null;
  try {
    const values = variables.trim() ? (JSON.parse(variables) as unknown) : undefined;
    mine = results = subscribe({ query, variables: values, operationName });
    for await (const result of mine) add(result);
    if (results === mine) update({ running: false });
  } catch (error) {
    if (results === mine) update({ running: false, failure: describe(error) });
  }
}

function describe(error: unknown): string {
  if (Array.isArray(error)) return error.map((each: { message: string }) => each.message).join('\n');
  return error instanceof Error ? error.message : String(error);
}

export function stop(): void {
  void results?.return(undefined);
  results = null;
  update({ running: false });
}

export function clear(): void {
  update({ frames: [], beats: 0, failure: null });
}
