import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  type CallOptions,
  DDIMScheduler,
  DPMSolverMultistepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  Generator,
  HeunDiscreteScheduler,
  LCMScheduler,
  type PipelineOutput,
  PNDMScheduler,
  type Scheduler,
  type StableDiffusionPipeline,
  type Step,
  type Tensor,
  UniPCMultistepScheduler,
} from '../../../src/pipeline/index.js'
import { type FixtureTensor, readTensors } from '../../support/tensors.js'

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

export type ModelName = 'sd1' | 'half' | 'sd2'

/** What tools/reference/pipelines.py ran, and sd2.py. */
export interface Cases {
  parts: Record<string, { prompts: string[]; inputIds: number[][] }>
  cases: Case[]
}

const schedulers = {
  DDIMScheduler,
  DPMSolverMultistepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  HeunDiscreteScheduler,
  LCMScheduler,
  PNDMScheduler,
  UniPCMultistepScheduler,
}

export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/pipelines/${name}`, import.meta.url))

export const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T

/** Cases of a folder, and the values that diffusers gave. */
export function reference(model: ModelName): Cases & { expected: ReturnType<typeof readTensors> } {
  const prefix = model === 'sd2' ? 'sd2-' : ''
  return {
    ...readJson<Cases>(fixture(`${prefix}cases.json`)),
    expected: readTensors(fixture(`${prefix}expected.safetensors`)),
  }
}

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

/** A call seen whole: the latents it starts from, those after every step, and what it returns. */
export async function watch(
  pipeline: StableDiffusionPipeline,
  prompt: string | string[],
  options: CallOptions,
): Promise<{ initial: Tensor; steps: Step[]; output: PipelineOutput }> {
  const { scheduler } = pipeline
  const scale = scheduler.scaleModelInput
  const inputs: Tensor[] = []
  scheduler.scaleModelInput = (sample, timestep) => {
    inputs.push(sample)
    return scale.call(scheduler, sample, timestep)
  }
  const running = pipeline.steps(prompt, options)
  const steps: Step[] = []
  try {
    for (;;) {
      const { done, value } = await running.next()
      if (done) return { initial: withoutGuidance(inputs[0], steps[0].latents), steps, output: value }
      steps.push(value)
    }
  } finally {
    scheduler.scaleModelInput = scale
  }
}

/** With guidance the model is given the latents twice. */
const withoutGuidance = (input: Tensor, { dims, data }: Tensor): Tensor => ({
  ...input,
  dims,
  data: input.data.subarray(0, data.length),
})
