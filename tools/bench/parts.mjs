/**
 * The bench's parts, in the order of their sections in BENCHMARKS.md. Each is a file of this folder that exports
 * - `title` of its section,
 * - `measure({ folder, calls, pictures, python })` → what it measured, as JSON would have it, or `absent`: why there is nothing to measure
 *   here; `python`, where one is given, has the `path` and the versions of its `packages`,
 * - `section(result)` → the section's Markdown, without its heading,
 * - `limits(result)`, optional: what has to be kept, see limits.mjs,
 * - `files(result)`, optional: what the section shows, path below the root → text.
 */
export const partNames = [
  'gpu',
  'call',
  'picture',
  'quality',
  'start',
  'profile',
  'attention',
  'quantization',
  'savings',
  'growth',
]

/** What runs where `--only` names none: growth takes as long as all of these. */
export const defaultParts = partNames.filter(name => name !== 'growth')

export const partOf = name => import(`./${name}.mjs`)
