import type { Config } from '../config.ts';
import type { Ports } from '../core/ports/all.ts';

/** What a command answers: one JSON document, its text for people, and whether all is well. */
export type Answer = { json: unknown; text: string; healthy: boolean };
export type Flags = Record<string, unknown>;
export type Command = (world: { ports: Ports; config: Config }, args: string[], flags: Flags) => Promise<Answer>;
