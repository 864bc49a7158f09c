/** @file Holds documents that commands read against the JSON Schemas of the package. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { plain } from '../io/text.ts';
import { fail } from '../tensor/errors.ts';
import { type Schema, Validator } from './json-schema.ts';
import { packageRoot } from './paths.ts';

const schemaIn = (name: string): Schema =>
  JSON.parse(readFileSync(join(packageRoot(), 'schemas', `${name}.json`), 'utf8')) as Schema;

/** A function that throws unless a document is one of a schema of the package, as `check-1`; `what` names the document. */
export function documentsOf(name: string): (document: unknown, what: string) => void {
  const validator = new Validator(schemaIn(name), '2020-12');
  for (const other of ['parts-1', 'check-1']) if (other !== name) validator.addSchema(schemaIn(other), `${other}.json`);
  return (document, what) => {
    const { valid, errors } = validator.validate(document);
    if (valid) return;
    // the last one is the innermost
    const { instanceLocation, error } = errors.at(-1)!;
    const where = `at ${plain(instanceLocation, 80)} (${plain(error, 160).replace(/\.$/, '')})`;
    fail(`${what} is not as densessm writes it, ${where}; it is damaged, write it again`);
  };
}
