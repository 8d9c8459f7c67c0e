import { describe, expect, it } from 'vitest';
import { stackNames } from '../../src/core/names.ts';
import { packageStack } from '../setup/packaging.ts';

/** Every alarm of a stack as it is deployed, by name. */
function alarmsOf(configFile: string): unknown[] {
  const { resources } = packageStack(configFile, 'sandbox');
  return Object.values(resources)
    .filter((each) => each.Type === 'AWS::CloudWatch::Alarm')
    .map((each) => each.Properties?.['AlarmName']);
}

describe('the alarms that a message says something of its own about', () => {
  it('are alarms of the two stacks, under these very names', () => {
    const { drSilent, relayDeadLetters, ...ours } = stackNames('sandbox').alarms;
    expect(alarmsOf('serverless.yml')).toEqual(expect.arrayContaining(Object.values(ours)));
    expect(alarmsOf('serverless.primary.yml')).toEqual(expect.arrayContaining([drSilent, relayDeadLetters]));
  });
});
