import type { ModelReport, PullReport } from '../../protocol/commandLine.js'
import { sizeText } from '../../protocol/sizeText.js'

export type PullPlan = Extract<PullReport, { type: 'plan' }> & { variant?: string }

export interface ModelItem {
  label: string
  description: string
  detail?: string
  model: ModelReport
}

/** Models that can be removed: all but the one that ships with the extension. */
export function modelItems(models: ModelReport[]): ModelItem[] {
  return models.flatMap(model => {
    const { id, commit, revisions, bytes, problem } = model
    if (commit === undefined) return []
    const revision = revisions.join(', ') || commit.slice(0, 8)
    return [{ label: id, description: `${revision}, ${sizeText(bytes)}`, detail: problem, model }]
  })
}

/** Models that are known to run here, as examples of what to type. */
export const exampleModels = [
  { label: 'CompVis/stable-diffusion-v1-4', description: 'Stable Diffusion 1.4' },
  { label: 'stable-diffusion-v1-5/stable-diffusion-v1-5', description: 'Stable Diffusion 1.5' },
]

/** `owner/name`, also out of a link to the hub's page. */
export function modelId(text: string): string | undefined {
  const path = text.trim().replace(/^https?:\/\/[^/]+\//, '')
  return /^([\w.-]+\/[\w.-]+?)(?:\/(?:tree|blob|resolve)\/.*)?\/?$/.exec(path)?.[1]
}

export interface PlanChoice {
  /** of the button */
  title: string
  plan: PullPlan
}

/** What to ask before a download. */
export function planQuestion(plans: PullPlan[]): { message: string; detail: string; choices: PlanChoice[] } {
  const [{ id, free }] = plans
  const fits = plans.filter(({ missing }) => missing <= free)
  const smallest = Math.min(...plans.map(({ missing }) => missing))
  return {
    message: fits.length ? `Download ${id}?` : `${id} does not fit on the disk`,
    detail: fits.length
      ? `${fits.map(planText).join('\n')}\n${sizeText(free)} are free on the disk.`
      : `It needs ${sizeText(smallest)}; ${sizeText(free)} are free. Make room, or name a folder on another disk in HF_HUB_CACHE.`,
    choices: fits.map(plan => ({
      title: `Download ${plan.variant ? `${plan.variant}, ` : ''}${sizeText(plan.missing)}`,
      plan,
    })),
  }
}

function planText({ variant, bytes, missing }: PullPlan): string {
  const part = missing < bytes ? `, ${sizeText(missing)} still to come` : ''
  return `${variant === 'fp16' ? 'Half precision (fp16)' : 'As published'}: ${sizeText(bytes)}${part}.`
}

/** The line that loads a model, to be copied. */
export function loadingCode({ id, variant }: Pick<PullPlan, 'id' | 'variant'>): string {
  const options = variant === undefined ? '' : `, { dtype: 'float16', variant: '${variant}' }`
  return `const pipeline = await StableDiffusionPipeline.fromPretrained('${id}'${options})`
}
