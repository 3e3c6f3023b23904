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
  readonly mailgun: {
    readonly apiKey: string;
    /** Of the region US. */
    readonly domain: string;
    /** Of the region EU: known to its host alone. */
    readonly euDomain: string;
    readonly webhookSigningKey: string;
  };
  readonly mailpit: { readonly baseUrl: string; readonly username: string; readonly password: string };
  readonly ses: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly region: string;
    /** Temporary credentials, which are nothing without their token. */
    readonly temporaryAccessKeyId: string;
    readonly temporarySecretAccessKey: string;
    readonly temporarySessionToken: string;
    /** The one topic that SES tells, of the region. */
    readonly topicArns: string;
    /** SNS's: self-signed, X.509 in PEM, valid until 2125. */
    readonly snsCertificate: string;
    /** RSA, PKCS #8, base64. */
    readonly snsPrivateKey: string;
  };
  readonly twilio: {
    readonly accountSid: string;
    readonly authToken: string;
    readonly apiKey: string;
    readonly apiKeySecret: string;
    /** The account's one number. */
    readonly from: string;
    readonly messagingServiceSid: string;
  };
  readonly slack: {
    readonly token: string;
    readonly signingSecret: string;
    readonly webhookUrl: string;
  };
  readonly discord: {
    readonly account: string;
    /** Of a webhook in a text channel. Any other id is a webhook as well, with the same token. */
    readonly webhookUrl: string;
    /** Ed25519, raw, in hexadecimal. */
    readonly webhookPublicKey: string;
    /** Ed25519, PKCS #8, base64. */
    readonly webhookPrivateKey: string;
  };
  readonly fcm: {
    /** As the file that Google gives out has it. */
    readonly serviceAccount: {
      readonly type: "service_account";
      readonly project_id: string;
      readonly private_key_id: string;
      /** RSA, PKCS #8 in PEM. */
      readonly private_key: string;
      readonly client_email: string;
      readonly client_id: string;
      readonly token_uri: string;
    };
    /** Its public half, SPKI, base64. */
    readonly publicKey: string;
  };
  readonly qstash: {
    readonly token: string;
    readonly currentSigningKey: string;
    readonly nextSigningKey: string;
  };
  readonly webpush: {
    readonly vapidSubject: string;
    /** 65 bytes, uncompressed, in base64url. */
    readonly vapidPublicKey: string;
    /** 32 bytes in base64url. */
    readonly vapidPrivateKey: string;
    /** What some browsers subscribed with before. */
    readonly vapidPreviousPublicKey: string;
    readonly vapidPreviousPrivateKey: string;
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
  mailgun: {
    apiKey: "key-simulator-only-mailgun",
    domain: "mg.simulator.test",
    euDomain: "mg.eu.simulator.test",
    webhookSigningKey: "simulator-only-mailgun-signing-key",
  },
  mailpit: {
    baseUrl: "http://mailpit.simulator.test:8025",
    username: "simulator",
    password: "simulator-only-mailpit-password",
  },
  ses: {
    accessKeyId: "AKIASIMULATORONLY000",
    secretAccessKey: "simulator/only+ses/secret/access/key0000",
    region: "eu-west-1",
    temporaryAccessKeyId: "ASIASIMULATORONLY000",
    temporarySecretAccessKey: "simulator/only+ses/temporary/access/key0",
    temporarySessionToken: "simulator//only+ses+session+token==",
    topicArns: "arn:aws:sns:eu-west-1:000000000000:simulator-only-ses-events",
    snsCertificate:
      "-----BEGIN CERTIFICATE-----\nMIIDKDCCAhCgAwIBAgIBCTANBgkqhkiG9w0BAQsFADA5MRswGQYDVQQKDBJDYXJp\nbGxvbiBzaW11bGF0b3IxGjAYBgNVBAMMEXNucy5hbWF6b25hd3MuY29tMCAXDTI1\nMDEwMTAwMDAwMFoYDzIxMjUwMTAxMDAwMDAwWjA5MRswGQYDVQQKDBJDYXJpbGxv\nbiBzaW11bGF0b3IxGjAYBgNVBAMMEXNucy5hbWF6b25hd3MuY29tMIIBIjANBgkq\nhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAoM8KhWf/dQ2plFvwBtiRwhg4Ylcmt8ke\n+USLptq1P50jy+begbmzLOsAgQLVZlQlNqefrFRncQiOWWh/yLNdiwL9WCdg5i4V\n7tlph9DZShXbH8zOSW8saQcags6vK5HjWpQw8rHkj1gYWKIdPPhS+cH8CjocBXDB\n5goa5QTFTdRYZKyDjJWjqKUMFv2fQ4ibOzJvTtvLtKpOCtgksUxrDEytPUECSauV\n/4udWt/W24z+/LT9RGRYZm8tXTsI7wx6Mcpizk7+NQkY/lHgfsC10jodguInwEiA\nXBdJSTQwycJKmzZkAAkLi9iTjgXDa6vP6EJfbsJTkTHO8kg5UVK3gwIDAQABozkw\nNzAJBgNVHRMEAjAAMAsGA1UdDwQEAwIFoDAdBgNVHQ4EFgQU6zqpAzSmslYGC6rv\ngPjCtHwoa1IwDQYJKoZIhvcNAQELBQADggEBAHYukgIo9aYf7OCX8z6Q0I8twhKV\n022DkwUAwevY6TdKZxwbJrOzAOrHdB6UmdD2WY/ysCgND/av+cwK7b4dQp+7p1RO\nCV9573fix02BPROzpR6PLKlOHPRno+VqcuJAxwPgr5RjdGOgEGAlb3oG2vcQDAhh\nRIMQznoNiBhfAuXdAY3QFoRZwzXUgyGBjmbljDKZ+yA2xgmuh2zICOcoRSG1qdYA\nQp+oRGK+xmFY5aTaz2J67JQ9ILfxsz6ayvGFDuvydtl723xUo4Zx8I5jMgKz17Iw\nw+KkW4AmcT10LGkS54YFr8jMr+ndj8GYJJYkT3d24zlfDeDnis8EpoXRzFQ=\n-----END CERTIFICATE-----\n",
    snsPrivateKey:
      "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCgzwqFZ/91DamUW/AG2JHCGDhiVya3yR75RIum2rU/nSPL5t6BubMs6wCBAtVmVCU2p5+sVGdxCI5ZaH/Is12LAv1YJ2DmLhXu2WmH0NlKFdsfzM5JbyxpBxqCzq8rkeNalDDyseSPWBhYoh08+FL5wfwKOhwFcMHmChrlBMVN1FhkrIOMlaOopQwW/Z9DiJs7Mm9O28u0qk4K2CSxTGsMTK09QQJJq5X/i51a39bbjP78tP1EZFhmby1dOwjvDHoxymLOTv41CRj+UeB+wLXSOh2C4ifASIBcF0lJNDDJwkqbNmQACQuL2JOOBcNrq8/oQl9uwlORMc7ySDlRUreDAgMBAAECggEACsDdnL8wG4U+3k9plSOdV6Pj/VuDmM2ntxaI2i8M6MSa1LNLFNS0sR/D6FympZGh7W43JMB+LFZcooj05phr/HRGOcNkXPAfAlpijrT+GtCsVwuMjeeTyjAx6yZkG19Fm1SGk2wm8xj6g87PcrjOX6pDrvFk105LgRUS6Fax1PrvcGT7yA+r7ip8r31+Kuk8lWlx6Qr/HetLi8JKyFLAgYLg24KpAX3DPKwi056vO12mPrdZaFAK0ay4PxVuL2BlyepbifcaX1NbtiDPWwGxYKUo4iVxIBcF+Vd2yQhoTjbO0D/9v105n6r1OZv/kjMI1fAVJFUXoKHxyzNfRsOxpQKBgQDeUlVRE0kRaIgqjcele15Y/vJ6SiH6pCHmf+UZcieD0QrmiYwYRBxbDPpPFpNl8iY42GV1FPzDZyTIhFhjsHKnr36d3+Z995Ep4DK1UtZcvhaLK0YdpICspG40do1QLAwgr7V3S2lC7bsVLf6hG8La7lKtZi1lSKaQ1Fa86OCBLQKBgQC5KzrEtgX6cQocCgDtK4h7Jrj47tNzfXN+hoxv4zLB47NttusfHIAlZYE97NKghC06xgZU8k5tUkQAj8ULA2SvWsUvjCW2vqNN7LO++FU5MapF47Jlb+rfLKrp+eyTLlagNIhfYYgY8X8jn/L4ed/Xn/Q/QTNaMLxnBxCBVgSpbwKBgQCQnTHOCSNwZXSdaZhCNluKvFvx3CL6LKW4j9zwjmbRwbq7dyFf734aY/i2VVMP71GZjHmCjWJVoNQ2cpAkWHRcSzWrcCc4LT+J48JYXEgAD84OPNnhEk54/oSJL8yAKAbDhEggDzerR4R4JHELT0mSq4+wJ1TEG1vtvZGmVD0lCQKBgDCowYrL4opLhkKUBmZM2FK0fEs+R2bEAsOvC9yjMcVt1srwFJ1aWfp50Bq7zyXLVi9ptmRAQIfN5HzZSwh33c+O5N53z7lUI4not9tpWsvq1zoCefDaFjiLfmZ5/Mc4mB8FbwjRkngrjiOIdssBC+eX6xFsSthakkfovVefiR4VAoGBANrAF13/sLUJ7xDN4gx7jXz0efbB3OoWjLUO1zooEXIwt58Jy5/v8C78OAALiIL+dNJxiB0Xb8l+aAOLNjJVtSjF8nKcAvX67QrOftaN/kAfNkKPSuuUnlt0mHD81qkpsuusL2JQ7PHtd0cIDclF4deh6F3I2iLaqbX4SjJF18Eh",
  },
  twilio: {
    accountSid: "AC000000000000000000000000000051ac",
    authToken: "simulator-only-twilio-auth-token",
    apiKey: "SK000000000000000000000000000051ac",
    apiKeySecret: "simulator-only-twilio-key-secret",
    from: "+15005550006",
    messagingServiceSid: "MG000000000000000000000000000051ac",
  },
  slack: {
    token: "xoxb-simulator-only",
    signingSecret: "simulator-only-slack-signing-secret",
    webhookUrl: "https://hooks.slack.com/services/T0SIMULAT/B0SIMULAT/simulatorOnly",
  },
  discord: {
    account: "simulator",
    webhookUrl: "https://discord.com/api/webhooks/100000000000000001/simulator-only-discord-webhook-token",
    webhookPublicKey: "1249bf9223061e9b9b71e06c9ef1ea45589690ad73cfda81286ab0968c7c7ad6",
    webhookPrivateKey: "MC4CAQAwBQYDK2VwBCIEIGVYP3lxTbJv/Jga4TOGEQ/0Wn6d/Jfuo/LCnp5e4U8M",
  },
  fcm: {
    serviceAccount: {
      type: "service_account",
      project_id: "carillon-simulator",
      private_key_id: "0000000000000000000000000000000000000000",
      private_key:
        "-----BEGIN PRIVATE KEY-----\nMIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQDEWszDHNIhnP7h\nGjVgFHc026caWUcAIaSAV87RKbwg/uppMuKwgqKmJC/OP/bAmDtNYxRNf0TkeECO\ndBm3+9S1AZXLJWP0OmXPFGT3q21vt6xCcM/cp5UGdicKPkkEZstQXs8sgorfrt50\nQsD9Nx8IYIE/4Tv7vorTzqQM+YY9f01GtlyqNhZ2NOv9uVS1R9eBLwcZycI0B6sZ\nJzA2ddTyZ1SaenWXwgQWinXDzSd9TvSKkTX4Hl8Bt/6Noo45Ijb75OnJRooA4HDz\nlSqwufjQlS1CZA51I1jUHkC5P8JJ2P5mo0XWJi0UoPHEDMoR6gPvzwCb8d/HlQb2\nc2uaJur3AgMBAAECggEAEUBhCSt5Etb2VdS1p9Fkf9Jkph397PcHuvb8BsiB7Ow4\nsDF2VUfE/o/jW12nUliNrUjtObna1a/zDBELSWzozVZsUMLiO0z+MOl7zX7USKJ8\nkgHTYXGf2Ed9OpsqUyas6kzKKwD1Lp3wkYpj5lt3cIb6FCC34nBlRiK7qyApOTHU\ntCOuOeWYv9rIq+qUga9bhtPKCkoXx8G3QxLRSnNSu2DgmhPH1jHqYHjWn5H0nBqS\nm+um3IllCR7EDVKhnMsPcqC2Vroaxq036ApoEa4vqL8yGQMOIfvl3L4uIi626aPY\nY1AcwV0lh0nLt3FxXM0jW4frJsgqaZH9CzYiHYALwQKBgQDiggj9Ix9lauerMiAi\nougebrgv2NNLdGEAzrF5xD+7YNHZrljPg2UzkrsUHa5V1DMkQFMlZhn41pBX28w2\n2742veZFmhbH+0u4jfjhJckD/mZR5/Re3pOUUMUfcTLKF0ABtqDAQ1TQuLhEBOKP\nQy9UQWsNT6enCn67BOLz96JssQKBgQDd67IomBSHXXwAYuJbleRtIF26Fack8vrq\ndLFzWCFq/O1sNUufaWGAeEkQW6s3HYp8rvoYYw5gizJyfq2TDjjdOL3GnwckxuSL\nWPhQeYBpzEa9HH8yKkGGayj8RlLPz/OvGRc8rr40Dxy9snyfXWxXQ+WQp6QRANN9\nmK5f0hUcJwKBgAj4Ayka0exvHjs+Id2dO7mwwqRKXpt3QTwJ8ycSKT/fJpALAkM9\nPa2cGsJCJpwJafj+fwxVDaQ3wsFn1584dkCupkaNQmeqwKXPIVKw71O0KBMILznu\ncEOIKzYCgnNUFlm7BIR4ZgxZtBolY18u1tnsOTPuuoG3varkF6R3YrwRAoGAY/a0\npOaEcMlifwYL8rddUu6+aYExbkppTk1MVanAO+I8zH5hVyhv/B+ywcSZJlWPOUTU\ncUHFiyWIjtyTMWe5o6TYj2y5Gg7higeEqzNf7chPoQYCIcW5CGSi7Kh8yxFgMmJ5\n/iK0mNyp1KVez6aUk+aItRVeqS4XFj89ZPpL+gcCgYAnyN8apTAShgLcvpWlAd4I\nuGbs8yt7db7x94Ap2bdyvSsWlTsji/yCqVHidHtJgBH4SIUd7Zwj5sdhaBsulwgq\ntiN9A4oQdZjTKjUOc3CflsB+TLmP0HmdTuQDk7RawSvoeNDeOnIFEZccOkdevFl/\nj6qQfzIMPipUdMx2pfMx8A==\n-----END PRIVATE KEY-----\n",
      client_email: "simulator-only@carillon-simulator.iam.gserviceaccount.com",
      client_id: "100000000000000000000",
      token_uri: "https://oauth2.googleapis.com/token",
    },
    publicKey:
      "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxFrMwxzSIZz+4Ro1YBR3NNunGllHACGkgFfO0Sm8IP7qaTLisIKipiQvzj/2wJg7TWMUTX9E5HhAjnQZt/vUtQGVyyVj9DplzxRk96ttb7esQnDP3KeVBnYnCj5JBGbLUF7PLIKK367edELA/TcfCGCBP+E7+76K086kDPmGPX9NRrZcqjYWdjTr/blUtUfXgS8HGcnCNAerGScwNnXU8mdUmnp1l8IEFop1w80nfU70ipE1+B5fAbf+jaKOOSI2++TpyUaKAOBw85UqsLn40JUtQmQOdSNY1B5AuT/CSdj+ZqNF1iYtFKDxxAzKEeoD788Am/Hfx5UG9nNrmibq9wIDAQAB",
  },
  qstash: {
    token: "simulator-only-qstash-token",
    currentSigningKey: "sig_simulatorOnlyCurrent00000000",
    nextSigningKey: "sig_simulatorOnlyNext00000000000",
  },
  webpush: {
    vapidSubject: "mailto:simulator@example.com",
    vapidPublicKey: "BObl2kYL1OtdNyvaEjKVr8DEw2CKqYaPS1BVZ9mOpH_BVPGulWCfGOE-Hi8ntjMyInXAU0hwP_VAtHzHmVxRo64",
    vapidPrivateKey: "5bTx_FCk9d__tw0B-oCxKama0nUr8sKwykRcJWNb0d0",
    vapidPreviousPublicKey: "BEUWnW2OUjqtf1yVaL8WQ_JTVgifWTrs2S4KYlRmvm5thrE1y9Jw_Ut_fsrqEo6bC9HzgeiuRBB13IrECQvajSA",
    vapidPreviousPrivateKey: "xGddCf-vMHjfZQVZOQr_rApaPnHDC4EtWl82FfQNxJY",
  },
};
