import type { Call } from './call.ts';

/** `stalled-body`: the answer begins, half of its body comes, then nothing more and no end. */
type FaultKind =
  | 'throttle'
  | 'slow'
  | 'cut-body'
  | 'stalled-body'
  | 'error-in-200'
  | 'lost-response'
  | 'black-hole'
  | 'reset';

/** A fault for the calls that match; without `times` it stands until cleared. */
export type FaultRule = {
  kind: FaultKind;
  service?: string;
  action?: string;
  region?: string;
  /** A part of the resource's name. */
  resource?: string;
  /** How many matching calls pass before the fault begins. */
  after?: number;
  times?: number;
  delayMs?: number;
};

export type Darkness = { region: string; mode: 'reset' | 'black-hole' };

/** The faults in force and the regions that are dark. */
export class Faults {
  #rules: FaultRule[] = [];
  #dark: Darkness[] = [];

  set(rules: FaultRule[]): void {
    this.#rules = rules.map((rule) => ({ ...rule }));
  }

  setDark(dark: Darkness[]): void {
    this.#dark = dark;
  }

  get darkRegions(): string[] {
    return this.#dark.map((entry) => entry.region);
  }

  darkness(regions: (string | undefined)[]): Darkness['mode'] | undefined {
    return this.#dark.find((entry) => regions.includes(entry.region))?.mode;
  }

  /** The first rule that matches and is due; counts it. */
  next(call: Call): FaultRule | undefined {
    for (const rule of this.#rules) {
      const fits =
        (!rule.service || rule.service === call.service) &&
        (!rule.action || rule.action === call.action) &&
        (!rule.region || rule.region === call.region) &&
        (!rule.resource || call.resource.includes(rule.resource));
      if (!fits || rule.times === 0) continue;
      if (rule.after) {
        rule.after -= 1;
        continue;
      }
      if (rule.times !== undefined) rule.times -= 1;
      return rule;
    }
    return undefined;
  }
}
