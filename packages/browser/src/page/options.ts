export interface PushOptions {
  /** Where Carillon's Worker is: `https://notify.example.com`. */
  readonly service: string;
  /** Whose browser this is: their id, as the application knows them. */
  readonly recipient: string;
  /**
   * A recipient token of theirs, from the application's server (`signRecipientToken` of `carillon/recipient-token`). Asked
   * for before each request to the service, and kept nowhere.
   */
  readonly token: () => string | Promise<string>;
  /** The service worker that gets the pushes. @default the one that is registered for this page */
  readonly registration?: ServiceWorkerRegistration | undefined;
}
