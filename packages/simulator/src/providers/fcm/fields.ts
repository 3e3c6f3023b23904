import type { Violation } from "./errors.ts";

/** How JSON is read into protocol buffers: https://protobuf.dev/programming-guides/json/. */
export type Field =
  | { readonly type: "TYPE_STRING"; readonly pattern?: RegExp }
  | { readonly type: "TYPE_BOOL" | "TYPE_INT32" | "TYPE_FLOAT" }
  /** Text to text. */
  | { readonly type: "map" }
  /** Any object. */
  | { readonly type: "struct" }
  | { readonly type: "enum"; readonly name: string; readonly values: readonly string[] }
  | { readonly type: "repeated"; readonly of: Field }
  | { readonly type: "message"; readonly fields: Fields };

export type Fields = Readonly<Record<string, Field>>;

/** What was read, under the names that the API's own definition has. */
export type Message = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Message =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Reads an object, whose names may be in snake_case or lowerCamelCase, and notes everything that does not fit. */
export function readMessage(json: unknown, fields: Fields, path: string, violations: Violation[]): Message {
  const message: Record<string, unknown> = {};
  if (!isObject(json)) {
    const description = `Invalid value at '${path}' (type.googleapis.com/google.firebase.fcm.v1), ${JSON.stringify(json)}`;
    violations.push({ field: path, description });
    return message;
  }
  for (const [given, value] of Object.entries(json)) {
    const name = Object.hasOwn(fields, given) ? given : snakeCase(given);
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!field) {
      const at = path === "" ? "" : ` at '${path}'`;
      const description = `Invalid JSON payload received. Unknown name "${given}"${at}: Cannot find field.`;
      violations.push({ field: path, description });
    } else if (value !== null) {
      message[name] = readValue(value, field, path === "" ? name : `${path}.${name}`, violations);
    }
  }
  return message;
}

function readValue(value: unknown, field: Field, path: string, violations: Violation[]): unknown {
  const wrong = (type: string, at = path, what: unknown = value): void => {
    violations.push({ field: at, description: `Invalid value at '${at}' (${type}), ${JSON.stringify(what)}` });
  };
  switch (field.type) {
    case "TYPE_STRING":
      if (typeof value !== "string" || field.pattern?.test(value) === false) wrong(field.type);
      return value;
    case "TYPE_BOOL":
      if (typeof value !== "boolean") wrong(field.type);
      return value;
    case "TYPE_INT32":
      if (!Number.isInteger(Number(value)) || typeof value === "boolean") wrong(field.type);
      return value;
    case "TYPE_FLOAT":
      if (typeof value !== "number") wrong(field.type);
      return value;
    case "enum":
      if (!field.values.includes(String(value).toUpperCase()))
        wrong(`type.googleapis.com/google.firebase.fcm.v1.${field.name}`);
      return value;
    case "struct":
      if (!isObject(value)) wrong("type.googleapis.com/google.protobuf.Struct");
      return value;
    case "map":
      if (!isObject(value)) wrong("Map");
      else
        for (const [index, item] of Object.values(value).entries())
          if (typeof item !== "string") wrong("TYPE_STRING", `${path}[${index}].value`, item);
      return value;
    case "repeated":
      if (!Array.isArray(value)) wrong("List");
      return Array.isArray(value)
        ? value.map((item, index) => readValue(item, field.of, `${path}[${index}]`, violations))
        : [];
    case "message":
      return readMessage(value, field.fields, path, violations);
  }
}
