import type { Check } from '../../jobs/doctor.ts';

export function checkText({ name, ok, detail, hint }: Check): string {
  return `${ok ? 'ok    ' : 'FAILED'}  ${name}: ${detail}${hint ? `\n        -> ${hint}` : ''}`;
}
