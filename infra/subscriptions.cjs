// Who hears the topics, by the configuration: addresses, and Slack when its webhook is named.
const { createHash } = require('node:crypto');
const config = require('./config.cjs');

/** A logical id of its own for each address. */
const idOf = (address) => `Mail${createHash('sha256').update(address).digest('hex').slice(0, 12)}`;

function byMail(emails, topic) {
  const subscription = (Endpoint) => ({
    Type: 'AWS::SNS::Subscription',
    Properties: { TopicArn: { Ref: topic }, Protocol: 'email', Endpoint },
  });
  return Object.fromEntries(emails.map((each) => [idOf(each), subscription(each)]));
}

function bySlack() {
  const FunctionName = { 'Fn::GetAtt': ['NotifySlackLambdaFunction', 'Arn'] };
  return {
    SlackSubscription: {
      Type: 'AWS::SNS::Subscription',
      Properties: { TopicArn: { Ref: 'Topic' }, Protocol: 'lambda', Endpoint: FunctionName },
    },
    SlackPermission: {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        Action: 'lambda:InvokeFunction',
        FunctionName,
        Principal: 'sns.amazonaws.com',
        SourceArn: { Ref: 'Topic' },
      },
    },
  };
}

const messagesOf = async (given) => (await config(given)).messages ?? {};

module.exports.dr = async (given) => {
  const { emails = [], slackWebhook } = await messagesOf(given);
  return { Resources: { ...byMail(emails, 'Topic'), ...(slackWebhook ? bySlack() : {}) } };
};

module.exports.relay = async (given) => {
  const { emails = [] } = await messagesOf(given);
  return { Resources: byMail(emails, 'RelayTopic') };
};
