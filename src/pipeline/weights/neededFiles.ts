import { ModelNotFoundError } from '../errors.js'
import { checkVariant, weightFiles } from './component.js'
import type { ModelIndex } from './modelIndex.js'

/**
 * Which of a repository's files a pipeline reads: model_index.json and, for each part it names, the configuration with
 * one set of safetensors, or the files of a tokenizer, a scheduler and the like. Never pickles, ONNX or Flax. A safety checker
 * that cannot be read is left out, and its feature extractor with it.
 *
 * @param paths of all files, `part/name`
 * @param where the repository, for the errors
 * @param without parts that are not wanted
 * @throws ModelNotFoundError    a part without files, a missing shard, a variant that no part has
 * @throws UnsupportedModelError a part whose weights are in no safetensors
 */
export function neededFiles(
  paths: readonly string[],
  index: ModelIndex,
  variant: string | undefined,
  where: string,
  without: readonly string[] = [],
): string[] {
  const filesOf = (part: string) => {
    const [, className] = index[part] as [string, string]
    const folders = className === 'MultiControlNetModel' ? numberedFolders(paths, part) : [part]
    return folders.flatMap(folder => filesOfPart(paths, folder, className, variant, where))
  }
  const named = Object.keys(index).filter(part => Array.isArray(index[part]) && index[part][1])
  const parts = named.filter(part => !without.includes(part) && !checking.includes(part))
  const needed = ['model_index.json', ...parts.flatMap(filesOf)]
  checkVariant(needed, variant, where)
  if (!hasSafetyChecker(index, without)) return needed
  try {
    return [...needed, ...checking.flatMap(filesOf)]
  } catch {
    return needed // loadSafetyChecker.ts tells why
  }
}

/** Several networks of one part lie side by side: `controlnet`, `controlnet_1`, … @param paths of all files, `part/name` */
export function numberedFolders(paths: readonly string[], part: string): string[] {
  const folders = [part]
  const has = (folder: string) => paths.some(path => path.startsWith(`${folder}/`))
  for (let next = `${part}_1`; has(next); next = `${part}_${folders.length}`) folders.push(next)
  return folders
}

/** Whether a pipeline runs a safety checker, where it can be read. */
export function hasSafetyChecker(index: ModelIndex, without: readonly string[] = []): boolean {
  return Boolean(index.safety_checker?.[1]) && !without.includes('safety_checker')
}

/** The safety checker and what it sees pictures through. */
const checking = ['safety_checker', 'feature_extractor']

function filesOfPart(
  paths: readonly string[],
  part: string,
  className: string,
  variant: string | undefined,
  where: string,
): string[] {
  const names = paths.filter(path => path.startsWith(`${part}/`)).map(path => path.slice(part.length + 1))
  if (names.length === 0)
    throw new ModelNotFoundError(
      `${where}: model_index.json names "${part}" (${className}), but there are no files of it`,
    )
  const files = withoutWeights.test(className)
    ? names.filter(name => /^[^/]+\.(json|txt|model)$/.test(name))
    : ['config.json', ...wholeWeights(names, variant, `${where}/${part}`)]
  const missing = files.find(name => !names.includes(name))
  if (missing) throw new ModelNotFoundError(`${where}: expected ${part}/${missing}: there is none`)
  return files.map(name => `${part}/${name}`)
}

/**
 * Which files one part reads: its configuration, and one set of safetensors.
 *
 * @param paths of all files of the repository
 * @param subfolder the part's, `''` for a repository of one part
 * @param beside names of files that are taken where they are there
 * @param where the repository, for the errors
 * @throws ModelNotFoundError    no such part, a missing shard, no such variant
 * @throws UnsupportedModelError weights in no safetensors
 */
export function partFiles(
  paths: readonly string[],
  { subfolder = '', variant, beside = [] }: PartFiles,
  where: string,
): string[] {
  const base = subfolder === '' ? '' : `${subfolder}/`
  const names = paths.filter(path => path.startsWith(base)).map(path => path.slice(base.length))
  if (!names.includes('config.json'))
    throw new ModelNotFoundError(
      `${where}: expected ${base}config.json: there is none` +
        (paths.includes('model_index.json')
          ? "; it is a whole pipeline: name a part of it, such as subfolder: 'vae'"
          : ''),
    )
  const files = ['config.json', ...wholeWeights(names, variant, base === '' ? where : `${where}/${subfolder}`)]
  checkVariant(
    files.map(name => `part/${name}`),
    variant,
    where,
  )
  return [...files, ...beside.filter(name => names.includes(name))].map(name => base + name)
}

export interface PartFiles {
  subfolder?: string
  variant?: string
  beside?: readonly string[]
}

const withoutWeights = /Tokenizer|Scheduler|Processor|FeatureExtractor/

function wholeWeights(names: readonly string[], variant: string | undefined, where: string): string[] {
  const files = weightFiles(names, variant, where)
  if (files.length === 1 && !files[0].endsWith('.json')) return files
  const shards = files.length - 1
  const expected = Number(/-of-(\d{5})/.exec(files[1] ?? '')?.[1] ?? 1)
  if (shards !== expected)
    throw new ModelNotFoundError(`${where}: expected ${expected} shards beside ${files[0]}, found ${shards}`)
  return files
}
