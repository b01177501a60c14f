import { cachedModels, modelCacheDir } from '../pipeline/index.js'
import type { ModelReport, ModelsReport } from '../protocol/commandLine.js'
import { sizeText } from '../protocol/sizeText.js'
import { freeSpace } from './diskSpace.js'

/** `sdnb models list`: the models and pieces of models that lie here, and whether they can be used. */
export async function listModels({ json }: { json?: boolean }): Promise<void> {
  const report = await modelsReport()
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`)
    return
  }
  process.stdout.write(`${modelsText(report.models)}\n`)
  process.stderr.write(`${report.cacheDir}: ${sizeText(report.free)} free\n`)
}

export async function modelsReport(): Promise<ModelsReport> {
  const cacheDir = modelCacheDir()
  return { cacheDir, free: await freeSpace(cacheDir), models: await cachedModels() }
}

/** A line a model, in columns. */
export function modelsText(models: ModelReport[]): string {
  const rows = models.map(({ id, commit, revisions, bytes, pieces, variants, problem }) => [
    id,
    commit === undefined ? 'shipped' : revisions.join(', ') || commit.slice(0, 8),
    sizeText(bytes),
    piecesText(pieces) + (problem === undefined ? `ready${variantsText(variants)}` : `not usable: ${problem}`),
  ])
  const widths = rows[0].map((_, column) => Math.max(...rows.map(row => row[column].length)))
  return rows
    .map(row =>
      row
        .map((text, column) => text.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** `AutoencoderKL: `, `a LoRA (style.safetensors): ` */
function piecesText(pieces: ModelReport['pieces']): string {
  const texts = pieces?.map(({ kind, path }) => (path === '' ? kind : `${kind} (${path})`))
  return texts ? `${texts.join(', ')}: ` : ''
}

function variantsText(variants: (string | null)[]): string {
  const named = variants.filter(variant => variant !== null)
  if (named.length === 0) return ''
  return variants.includes(null) ? `, also as ${named.join(', ')}` : ` as ${named.join(', ')}`
}
