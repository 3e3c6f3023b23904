/** Sent where a provider sets none: some edges refuse requests without one, and workerd adds none. Major version only. */
export const userAgent: string = "carillon/0";
