/** What follows from a topic's ARN, and so from what its owner has configured, not from what a request says. */
export interface SnsTopic {
  /** Of SNS in the topic's region: serves the certificates, and takes confirmations. */
  readonly host: string;
  /** Common names that a certificate for the topic's messages may have. */
  readonly certificateNames: readonly string[];
}

const topicArn = /^arn:(aws|aws-cn|aws-us-gov|aws-eusc):sns:([a-z]{2,4}(?:-[a-z]+)+-\d+):\d{12}:[\w-]{1,256}$/;

/**
 * Undefined for what is no ARN of a topic that can call an HTTPS endpoint: FIFO topics cannot, and the isolated partitions
 * reach nobody.
 *
 * In the partition `aws`, regions that are switched on by the account sign under a name of their own, the others under one
 * together. Either is taken: a list of regions would be out of date with the next one, and the host vouches for both.
 *
 * Source: https://github.com/aws/aws-sdk-java-v2 (services-custom/sns-message-manager, SnsHostProvider; read 2026-11-23)
 */
export function snsTopic(arn: string): SnsTopic | undefined {
  const [, partition, region] = topicArn.exec(arn) ?? [];
  if (partition === undefined) return undefined;
  const domain = `amazonaws.${partition === "aws-cn" ? "com.cn" : partition === "aws-eusc" ? "eu" : "com"}`;
  const signing = `sns-signing.${region}.${domain}`;
  return {
    host: `sns.${region}.${domain}`,
    certificateNames:
      partition === "aws-cn"
        ? [`sns-${region}.${domain}`]
        : partition === "aws-us-gov"
          ? [`sns-us-gov-west-1.${domain}`]
          : partition === "aws-eusc"
            ? [signing]
            : [`sns.${domain}`, signing],
  };
}
