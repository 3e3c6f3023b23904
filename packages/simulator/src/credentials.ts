/**
 * Credentials of the simulator, and of nothing else: made up, published, and accepted by no provider.
 * A client of the simulator is configured with these.
 */
export const simulatorCredentials: {
  readonly resend: { readonly apiKey: string; readonly webhookSecret: string };
  readonly sendgrid: {
    readonly apiKey: string;
    /** P-256, SPKI, base64. */
    readonly webhookPublicKey: string;
    /** P-256, PKCS #8, base64. */
    readonly webhookPrivateKey: string;
  };
  readonly postmark: {
    readonly serverToken: string;
    readonly webhookUsername: string;
    readonly webhookPassword: string;
  };
} = {
  resend: {
    apiKey: "re_simulator_only_000000000000",
    webhookSecret: "whsec_c2ltdWxhdG9yLW9ubHktcmVzZW5kLXNlY3JldCE=",
  },
  sendgrid: {
    apiKey: "SG.simulator-only.0000000000000000000000",
    webhookPublicKey:
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbZpgtaRl9umUIf0CfkYwaw0kCBqvBAVmJX6+gwkyEKB047dDz0NTsfefZMdLijEa3UmBDnhTsYe4e+jLPkrXNg==",
    webhookPrivateKey:
      "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyn9L9FjEf1T/RBlpiPdKpQudPs25Ipyo1DO8bl5jxdWhRANCAARtmmC1pGX26ZQh/QJ+RjBrDSQIGq8EBWYlfr6DCTIQoHTjt0PPQ1Ox959kx0uKMRrdSYEOeFOxh7h76Ms+Stc2",
  },
  postmark: {
    serverToken: "51000000-0000-4000-8000-000000000000",
    webhookUsername: "simulator",
    webhookPassword: "simulator-only-postmark-password",
  },
};
