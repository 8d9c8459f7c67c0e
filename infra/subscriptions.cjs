// Who hears the topics, by the configuration: addresses, and Slack when its webhook is named.
const config = require('./config.cjs');

const cap = (text) =>
  text.replace(/[^A-Za-z0-9]+/g, ' ').replace(/ ?([A-Za-z0-9])([A-Za-z0-9]*)/g, (_all, a, b) => a.toUpperCase() + b);

function byMail(emails, topic) {
  const subscription = (Endpoint) => ({
    Type: 'AWS::SNS::Subscription',
    Properties: { TopicArn: { Ref: topic }, Protocol: 'email', Endpoint },
  });
  return Object.fromEntries(emails.map((each) => [`Mail${cap(each)}`, subscription(each)]));
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
