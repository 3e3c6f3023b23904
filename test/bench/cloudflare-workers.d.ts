/** What the rival uses of workerd, whose own types do not stand beside Node's. */
declare module "cloudflare:workers" {
  interface Sql {
    exec<Row>(query: string, ...values: readonly unknown[]): { toArray(): Row[] };
  }
  export class DurableObject<Env> {
    protected readonly ctx: { readonly storage: { readonly sql: Sql } };
    protected readonly env: Env;
    constructor(state: unknown, env: Env);
  }
}
