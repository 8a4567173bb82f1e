/**
 * A subscription that outlives the tab it was started from.
 *
 * GraphiQL ends a tab's subscription when one switches tabs and shows only the last result, so nobody could
 * watch what their own mutation sends to others. This keeps the last frames of one subscription, newest first, and
 * when the connection is lost goes on after the last one, as any client of `events` should.
 */
import type { FormattedExecutionResult } from 'graphql';
import { useSyncExternalStore } from 'react';

import { SocketClosed, subscribe } from './fetcher';

const KEPT = 100;
/** Attempts to connect again, half a second apart at first and twice as long each time. */
const RETRIES = 6;

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
/** Names the current call of `follow`; a call that is no longer current says nothing any more. */
let following: symbol | null = null;
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

/** The place after a result, from where to go on: `position`, or its `cursor`, of the subscription's one field. */
function cursorOf(result: FormattedExecutionResult): string | undefined {
  const [frame] = Object.values(result.data ?? {}) as ({ position?: unknown } | null)[];
  const position = frame?.position;
  const cursor = position && typeof position === 'object' && 'cursor' in position ? position.cursor : position;
  return typeof cursor === 'string' ? cursor : undefined;
}

/** Starts following; `variables` is the JSON text of the editor. Returns when the subscription has ended. */
export async function follow(query: string, variables: string, operationName?: string): Promise<void> {
  stop();
  const mine = (following = Symbol());
  try {
    const values = variables.trim() ? (JSON.parse(variables) as Record<string, unknown>) : {};
    update({ running: true, failure: null });
    for (let failures = 0; following === mine; failures += 1) {
      try {
        results = subscribe({ query, variables: values, operationName });
        for await (const result of results) {
          if (following !== mine) return;
          add(result);
          values['after'] = cursorOf(result) ?? values['after'];
          failures = 0;
        }
        break;
      } catch (error) {
        if (!(error instanceof SocketClosed && error.temporary && failures < RETRIES)) throw error;
        update({ failure: `${error.message}. Connecting again …` });
        await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** failures));
        update({ failure: null });
      }
    }
    if (following === mine) update({ running: false });
  } catch (error) {
    if (following === mine) update({ running: false, failure: describe(error) });
  }
}

function describe(error: unknown): string {
  if (Array.isArray(error)) return error.map((each: { message: string }) => each.message).join('\n');
  return error instanceof Error ? error.message : String(error);
}

export function stop(): void {
  following = null;
  void results?.return(undefined);
  results = null;
  update({ running: false });
}

export function clear(): void {
  update({ frames: [], beats: 0, failure: null });
}
