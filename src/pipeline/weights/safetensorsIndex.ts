import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { CorruptWeightsError } from '../errors.js'
import { readSafetensors, type Weights } from './safetensors.js'

/**
 * The tensors of a sharded checkpoint, by its `….safetensors.index.json` beside the shards.
 * @throws CorruptWeightsError  an index that is no index; a shard that is missing or damaged; a tensor the index names
 *   in a shard that does not hold it
 */
export async function readSafetensorsIndex(indexPath: string): Promise<Weights> {
  const weightMap = await readWeightMap(indexPath)
  const shards = new Map<string, Weights>()
  for (const shard of new Set(weightMap.values())) shards.set(shard, await readShard(indexPath, shard))
  const weights: Weights = new Map()
  for (const [name, shard] of weightMap) {
    const tensor = shards.get(shard)!.get(name)
    if (!tensor) throw new CorruptWeightsError(`${indexPath}: expected "${name}" in ${shard}, which does not hold it`)
    weights.set(name, tensor)
  }
  for (const [shard, tensors] of shards) {
    for (const name of tensors.keys()) {
      if (!weightMap.has(name)) throw new CorruptWeightsError(`${indexPath}: does not name "${name}" of ${shard}`)
    }
  }
  return weights
}

async function readWeightMap(indexPath: string): Promise<Map<string, string>> {
  let index: unknown
  try {
    index = JSON.parse(await readFile(indexPath, 'utf8'))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new CorruptWeightsError(`${indexPath}: not JSON (${error.message})`)
  }
  const weightMap = (index as { weight_map?: unknown } | null)?.weight_map
  if (typeof weightMap !== 'object' || weightMap === null || Array.isArray(weightMap))
    throw new CorruptWeightsError(`${indexPath}: expected an object "weight_map", got ${JSON.stringify(weightMap)}`)
  const entries = Object.entries(weightMap as Record<string, unknown>)
  for (const [name, shard] of entries) {
    if (typeof shard !== 'string' || path.basename(shard) !== shard)
      throw new CorruptWeightsError(
        `${indexPath}: expected a file name beside the index for "${name}", got ${JSON.stringify(shard)}`,
      )
  }
  return new Map(entries as [string, string][])
}

async function readShard(indexPath: string, shard: string): Promise<Weights> {
  try {
    return await readSafetensors(path.join(path.dirname(indexPath), shard))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new CorruptWeightsError(`${indexPath}: names ${shard}, which is missing beside it: download it too`)
  }
}
