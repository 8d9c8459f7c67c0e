import type { Message } from './message.ts';

function findingLines({ findings, findingsLeftOut }: Message): string[] {
  const lines = findings.flatMap((each) => [
    `${each.severity.toUpperCase()} ${each.code} (${each.subject})`,
    `  ${each.text}`,
    ...(each.samples ?? []).map((sample) => `    - ${sample}`),
    `  What to do: ${each.hint}`,
    '',
  ]);
  return findingsLeftOut > 0 ? [...lines, `and ${findingsLeftOut} more`, ''] : lines;
}

/** A message as the text of an e-mail. */
export function emailText(message: Message): string {
  const label = (name: string) => (name.endsWith('?') ? name : `${name}:`);
  const width = Math.max(0, ...message.numbers.map(({ name }) => label(name).length)) + 1;
  const numbers = message.numbers.map(
    ({ name, value, target }) => `${label(name).padEnd(width)} ${value}${target ? `, target ${target}` : ''}`,
  );
  return [
    message.title,
    ...message.changed,
    '',
    ...(numbers.length > 0 ? [...numbers, ''] : []),
    ...findingLines(message),
    ...(message.notes.length > 0 ? [...message.notes, ''] : []),
    `Type next: ${message.next}`,
    `Said at ${message.at}`,
  ].join('\n');
}
