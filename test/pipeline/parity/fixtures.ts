import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  type CallOptions,
  DDIMScheduler,
  DPMSolverMultistepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  Generator,
  type PipelineOutput,
  PNDMScheduler,
  type Scheduler,
  type StableDiffusionPipeline,
  type Step,
  type Tensor,
} from '../../../src/pipeline/index.js'
import type { FixtureTensor } from '../../support/tensors.js'

/** One call of a pipeline, as tools/reference/cases.py names it. */
export interface Case {
  name: string
  model: ModelName
  dtype: 'float32' | 'float16'
  /** none: the folder's own; without a config: made from the folder's own, as `from_config` does */
  scheduler: { class: keyof typeof schedulers; config: Record<string, unknown> | null } | null
  prompt: string | string[]
  options: Omit<CallOptions, 'generator' | 'latents'> & { generator?: number | number[] }
}

export type ModelName = 'sd1' | 'half'

/** What tools/reference/pipelines.py ran. */
export interface Cases {
  parts: Record<ModelName, { prompts: string[]; inputIds: number[][] }>
  cases: Case[]
}

const schedulers = {
  DDIMScheduler,
  DPMSolverMultistepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  PNDMScheduler,
}

export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/pipelines/${name}`, import.meta.url))

export const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T

export function schedulerOf({ scheduler }: Case, own: Scheduler): Scheduler {
  if (!scheduler) return own
  return schedulers[scheduler.class].fromConfig(scheduler.config ?? own.config)
}

/** The options of a case's call, its generators made anew. */
export function optionsOf(options: Case['options'], given?: FixtureTensor<Float32Array>): CallOptions {
  const { generator, ...rest } = options
  const seeded = Array.isArray(generator) ? generator.map(seed => new Generator(seed)) : new Generator(generator)
  return {
    ...rest,
    ...(generator !== undefined && { generator: seeded }),
    ...(given && { latents: asTensor(given) }),
  }
}

export const asTensor = ({ dims, data }: FixtureTensor<Float32Array>): Tensor => ({ type: 'float32', dims, data })

/** Every step of a call, and what it returned. */
export async function drain(
  steps: AsyncGenerator<Step, PipelineOutput>,
): Promise<{ steps: Step[]; output: PipelineOutput }> {
  const seen: Step[] = []
  for (;;) {
    const { done, value } = await steps.next()
    if (done) return { steps: seen, output: value }
    seen.push(value)
  }
}

/** What a call starts from: its first latents under a scheduler whose steps change nothing. */
export async function startOf(
  pipeline: StableDiffusionPipeline,
  prompt: string | string[],
  options: CallOptions,
): Promise<Tensor> {
  const own = pipeline.scheduler
  const still = PNDMScheduler.fromConfig({})
  still.step = (_prediction, _timestep, sample) => ({ prevSample: sample })
  pipeline.scheduler = still
  try {
    const { steps } = await drain(
      pipeline.steps(prompt, { ...options, numInferenceSteps: 1, timesteps: undefined, outputType: 'latent' }),
    )
    return steps[0].latents
  } finally {
    pipeline.scheduler = own
  }
}
