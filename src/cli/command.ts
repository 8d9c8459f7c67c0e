import type { Config } from '../config.ts';
import type { Policy } from '../core/policy.ts';
import type { Ports } from '../core/ports/all.ts';
import type { Answer, Output } from './output.ts';

/** What is configured, with its clients. */
export type OpenedSite = { ports: Ports; config: Config; policy: Policy };
/** Options by their names in camelCase, as commander gives them. */
export type Flags = Record<string, unknown>;
type Call = {
  args: string[];
  flags: Flags;
  output: Output;
  /** Reads the configuration and loads the clients: a command that does not call it needs neither. */
  site: () => Promise<OpenedSite>;
};
export type Option = { flags: string; does: string; preset?: string; required?: true; repeated?: true };

/**
 * A command: how it is called (`points accept <id>`), what it does, and the doing. Its file is loaded with every
 * command, so it imports jobs, schemas and adapters only inside of `run`.
 */
export type Command = { usage: string; does: string; options?: Option[]; run: (call: Call) => Promise<Answer> };
