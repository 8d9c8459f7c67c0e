import { beforeAll, describe, expect, it } from 'vitest';
import { type Package, packageStack } from '../setup/packaging.ts';
import { danglingIn, resourceProblems } from '../setup/specification.ts';

let stacks: { name: string; first: Package; second: Package }[];
beforeAll(() => {
  const files = ['serverless.yml', 'serverless.primary.yml'];
  stacks = files.map((name) => ({ name, first: packageStack(name), second: packageStack(name) }));
});

describe('the templates, as they are deployed', () => {
  it("have no resource, property or value that AWS's specification does not know", () => {
    for (const { name, first } of stacks) {
      expect(Object.keys(first.resources).length).toBeGreaterThan(10);
      const problems = Object.entries(first.resources).flatMap(([id, each]) => resourceProblems(id, each));
      expect([name, problems]).toEqual([name, []]);
    }
  });

  it('refer to nothing that is not there', () => {
    for (const { name, first } of stacks) {
      expect([name, danglingIn([first.resources, first.outputs], first.resources)]).toEqual([name, []]);
    }
  });

  it('are caught when they are wrong: an unknown property, a missing one, a wrong type, an unknown resource', () => {
    const queue = (Properties: Record<string, unknown>) =>
      resourceProblems('Q', { Type: 'AWS::SQS::Queue', Properties });
    expect(queue({ VisibilityTimeOut: 30 })).toEqual(['Q.VisibilityTimeOut: AWS knows no such property']);
    expect(queue({ VisibilityTimeout: 'long' })).toEqual(['Q.VisibilityTimeout: "long" is no integer']);
    expect(resourceProblems('A', { Type: 'AWS::SNS::Subscription', Properties: { Protocol: 'sqs' } })).toEqual([
      'A.TopicArn: is required',
    ]);
    expect(resourceProblems('X', { Type: 'AWS::SQS::Topic' })).toEqual(['X: AWS knows no resource AWS::SQS::Topic']);
    const dangling = [{ Ref: 'Nobody' }, { 'Fn::GetAtt': ['Q', 'Arm'] }];
    expect(danglingIn(dangling, { Q: { Type: 'AWS::SQS::Queue' } })).toEqual(['Ref Nobody', 'GetAtt Q.Arm']);
  });

  it('are the same when packaged twice, and so is every zip', () => {
    for (const { name, first, second } of stacks) {
      expect([name, second.template === first.template]).toEqual([name, true]);
      expect(second.zips).toEqual(first.zips);
    }
    expect(Object.keys(stacks[0]?.first.zips ?? {}).length).toBeGreaterThanOrEqual(8);
  });
});
