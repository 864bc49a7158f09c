/** @file Validates what commands print with --json against the schemas of the package. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { root } from './root.ts';

const folder = join(root, 'schemas');

/** The files of the schemas. */
export const schemaFiles: readonly string[] = readdirSync(folder);

// strict: a schema with a misspelt word, which would check nothing, is refused; alternatives share what they require
const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
for (const name of schemaFiles) ajv.addSchema(JSON.parse(readFileSync(join(folder, name), 'utf8')), name);

/** The file of a document's schema, by what it says of itself. */
export const schemaFileOf = ({ schema, version }: { readonly schema?: unknown; readonly version?: unknown }): string =>
  `${String(schema).replace(/^densessm\//, '')}-${version}.json`;

/** What a document has that its schema refuses, in words; empty if it fits. Throws where it has no schema. */
export function schemaErrors(document: object): string[] {
  const name = schemaFileOf(document);
  const validate = ajv.getSchema(name);
  if (validate === undefined) throw new Error(`${name}: there is no such file in schemas/`);
  if (validate(document) === true) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }: ErrorObject) => `${name}: ${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** The only document of a text. Throws where there are more, and where it does not fit its schema. */
export function documentIn(text: string): Readonly<Record<string, unknown>> {
  const document = JSON.parse(text);
  const errors = schemaErrors(document);
  if (errors.length > 0) throw new Error(errors.slice(0, 10).join('\n'));
  return document;
}
