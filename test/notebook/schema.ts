import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'

const schema = JSON.parse(
  readFileSync(new URL('../fixtures/nbformat/nbformat.v4.5.schema.json', import.meta.url), 'utf8'),
)
/** Checks a notebook against nbformat 4.5. */
// the schema is of draft 4, whose parts it uses are the same in draft 7
export const valid = new Ajv({ strict: false, validateFormats: false }).compile({ ...schema, $schema: undefined })
