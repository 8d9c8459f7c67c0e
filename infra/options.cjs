// What a stage may choose: buckets of its own, a lock on the vault, endpoints for the inspector.
const config = require('./config.cjs');

const none = { Ref: 'AWS::NoValue' };
const drOf = async (given) => (await config(given)).dr;

/** Named ones that exist already are used as they are; docs say what they must be like. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: the framework resolves it
module.exports.buckets = async (given) => ((await drOf(given)).existingBuckets ? {} : '${file(infra/buckets.yml)}');

/** The key of the stack, or one that is kept from a stack before. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: the framework resolves it
module.exports.key = async (given) => ((await drOf(given)).existingKeyArn ? {} : '${file(infra/key.yml)}');

module.exports.keyArn = async (given) => (await drOf(given)).existingKeyArn ?? { 'Fn::GetAtt': ['Key', 'Arn'] };

module.exports.undeleteDays = async (given) => (await config.parsed(given)).replica.undeleteDays;

module.exports.lockEnabled = async (given) => ((await drOf(given)).vaultLockDays ? true : none);

// Governance: an administrator with the right to bypass it can still shorten it; nobody can by accident.
module.exports.lock = async (given) => {
  const { vaultLockDays: Days } = await drOf(given);
  if (!Days) return none;
  return { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days } } };
};

/** Whoever reads artifacts of a bucket under a KMS key needs that key, through S3 of its region and for nothing else. */
module.exports.bucketKey = async (given) => {
  const { bucketKmsKey, region } = (await config(given)).primary;
  if (!bucketKmsKey) return [];
  const Condition = { StringLike: { 'kms:ViaService': `s3.${region}.*` } };
  return [{ Effect: 'Allow', Action: ['kms:Decrypt'], Resource: [bucketKmsKey], Condition }];
};

const stacksOf = async (given) => (await config.parsed(given)).stacks ?? {};

/** What bounds every role, where the organization asks for it. */
module.exports.bounds = async (given) => {
  const { permissionsBoundary, rolePath } = await stacksOf(given);
  return {
    ...(permissionsBoundary && { PermissionsBoundary: permissionsBoundary }),
    ...(rolePath && { Path: rolePath }),
  };
};
module.exports.permissionsBoundary = async (given) => (await module.exports.bounds(given)).PermissionsBoundary ?? none;
module.exports.rolePath = async (given) => (await module.exports.bounds(given)).Path ?? none;

/** CloudFormation puts a stack's tags on all in it that takes tags. */
module.exports.tags = async (given) =>
  Object.fromEntries(((await stacksOf(given)).tags ?? []).map((each) => each.split('=')));

const tcp443 = (more) => ({ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, ...more });
const service = (name) => ({ 'Fn::Sub': `com.amazonaws.\${AWS::Region}.${name}` });

/** The inspector's way to S3, Secrets Manager, KMS and SSM, in a VPC that has none yet. */
module.exports.endpoints = async (given) => {
  const { endpointsVpc: VpcId, endpointsRouteTables: RouteTableIds, ...dr } = await drOf(given);
  if (!VpcId) return {};
  const group = {
    Type: 'AWS::EC2::SecurityGroup',
    Properties: {
      GroupDescription: 'the inspector may reach the endpoints',
      VpcId,
      SecurityGroupIngress: dr.inspectorSecurityGroups.map((SourceSecurityGroupId) =>
        tcp443({ SourceSecurityGroupId }),
      ),
    },
  };
  const byInterface = (name) => ({
    Type: 'AWS::EC2::VPCEndpoint',
    Properties: {
      VpcId,
      ServiceName: service(name),
      VpcEndpointType: 'Interface',
      PrivateDnsEnabled: true,
      SubnetIds: dr.inspectorSubnets,
      SecurityGroupIds: [{ 'Fn::GetAtt': ['EndpointsGroup', 'GroupId'] }],
    },
  });
  const gateway = {
    Type: 'AWS::EC2::VPCEndpoint',
    Properties: { VpcId, ServiceName: service('s3'), VpcEndpointType: 'Gateway', RouteTableIds },
  };
  return {
    Resources: {
      EndpointsGroup: group,
      S3Endpoint: gateway,
      SecretsEndpoint: byInterface('secretsmanager'),
      KmsEndpoint: byInterface('kms'),
      ParametersEndpoint: byInterface('ssm'),
    },
  };
};

/** The rights to read just those secrets that the configuration refers to, each where it lies. */
module.exports.references = async (given) => {
  const { builder, dr } = await config(given);
  const named = [builder.databasePassword, builder.s3KeyId, builder.s3SecretKey].filter((each) => each !== undefined);
  const of = (kind) => named.flatMap((each) => (each.startsWith(`${kind}:`) ? [each.slice(kind.length + 1)] : []));
  const arn = (rest) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:${rest}` });
  const allow = (Action, Resource) => (Resource.length > 0 ? [{ Effect: 'Allow', Action, Resource }] : []);
  const here = `\${AWS::Region}:\${AWS::AccountId}`;
  // Whoever reads a secret needs its key, through the service that keeps it and for nothing else.
  const services = ['secretsmanager', 'ssm'].filter((kind) => of(kind).length > 0);
  const Condition = { StringLike: { 'kms:ViaService': services.map((each) => `${each}.${dr.region}.*`) } };
  const sealed = builder.secretsKmsKey && services.length > 0;
  return [
    ...(sealed ? [{ Effect: 'Allow', Action: ['kms:Decrypt'], Resource: [builder.secretsKmsKey], Condition }] : []),
    ...allow(
      ['secretsmanager:GetSecretValue'],
      of('secretsmanager').map((name) => arn(`secretsmanager:${here}:secret:${name}-??????`)),
    ),
    ...allow(
      ['ssm:GetParameter'],
      of('ssm').map((name) => arn(`ssm:${here}:parameter/${name.replace(/^\//, '')}`)),
    ),
  ];
};
